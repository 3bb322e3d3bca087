/** A request before its route is taken, as templates see it: nothing of endpoints or responses is known yet. */
import type { Clock } from "../core/clock.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import type { RequestFacts } from "../routing/request-facts.ts";

export class FactsScope implements TemplateScope {
  readonly #facts: RequestFacts;
  readonly #clock: Clock;

  constructor(facts: RequestFacts, clock: Clock) {
    this.#facts = facts;
    this.#clock = clock;
  }

  get method(): string {
    return this.#facts.method;
  }
  get target(): string {
    return this.#facts.target;
  }
  get path(): string {
    return this.#facts.path;
  }
  get query(): string {
    return this.#facts.query;
  }
  get host(): string {
    return this.#facts.host;
  }
  get clientAddress(): string {
    return this.#facts.clientAddress;
  }
  get isSecure(): boolean {
    return this.#facts.isSecure;
  }
  get listener(): string {
    return this.#facts.listener;
  }
  header(lowerName: string): string | undefined {
    return this.#facts.header(lowerName);
  }
  capture(): undefined {
    return undefined;
  }
  responseHeader(): undefined {
    return undefined;
  }
  fact(): undefined {
    return undefined;
  }
  wallMs(): number {
    return this.#clock.wallMs();
  }
}
