/**
 * Binding by what the application itself says: a cookie, header or query parameter that is an endpoint's
 * name, or ends in one after a dot (`JSESSIONID=4711.app-2`). It binds nobody by itself.
 */
import { evaluate, type Template } from "../../core/template.ts";
import type { TemplateScope } from "../../core/template-scope.ts";
import type { Binding, Sticky, StickyTarget } from "./sticky.ts";

/** Names have dots in them, sessions too; more of them than this are not tried. */
const dotsMax = 16;

export class ApplicationRoute<E extends StickyTarget> implements Sticky<E> {
  readonly isRejecting: boolean;
  readonly #value: Template;
  readonly #endpoints: ReadonlyMap<string, E>;

  constructor(value: Template, isRejecting: boolean, endpoints: readonly E[]) {
    this.isRejecting = isRejecting;
    this.#value = value;
    this.#endpoints = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
  }

  boundTo(request: TemplateScope): Binding<E> {
    let name = evaluate(this.#value, request);
    for (let dots = 0; name !== "" && dots <= dotsMax; dots++) {
      const endpoint = this.#endpoints.get(name);
      if (endpoint !== undefined) return endpoint;
      const dot = name.indexOf(".");
      if (dot === -1) return null;
      name = name.slice(dot + 1);
    }
    return null;
  }

  answered(): string {
    return "";
  }
}
