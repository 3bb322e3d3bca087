/** A template scope whose captures are those of a regular expression, and otherwise those of the route. */
import type { ExchangeFact, TemplateScope } from "../core/template-scope.ts";

export function withCaptures(scope: TemplateScope, found: RegExpExecArray): TemplateScope {
  return new CaptureScope(scope, found);
}

/** One per rewrite by regular expression; nothing else pays for it. */
class CaptureScope implements TemplateScope {
  readonly #scope: TemplateScope;
  readonly #found: RegExpExecArray;

  constructor(scope: TemplateScope, found: RegExpExecArray) {
    this.#scope = scope;
    this.#found = found;
  }

  capture(name: string): string | undefined {
    const own = /^\d+$/.test(name) ? this.#found[Number(name)] : this.#found.groups?.[name];
    return own ?? this.#scope.capture(name);
  }

  get method(): string {
    return this.#scope.method;
  }
  get target(): string {
    return this.#scope.target;
  }
  get path(): string {
    return this.#scope.path;
  }
  get query(): string {
    return this.#scope.query;
  }
  get host(): string {
    return this.#scope.host;
  }
  get clientAddress(): string {
    return this.#scope.clientAddress;
  }
  get isSecure(): boolean {
    return this.#scope.isSecure;
  }
  get listener(): string {
    return this.#scope.listener;
  }
  header(lowerName: string): string | undefined {
    return this.#scope.header(lowerName);
  }
  responseHeader(lowerName: string): string | undefined {
    return this.#scope.responseHeader(lowerName);
  }
  fact(name: ExchangeFact): string | number | undefined {
    return this.#scope.fact(name);
  }
  wallMs(): number {
    return this.#scope.wallMs();
  }
}
