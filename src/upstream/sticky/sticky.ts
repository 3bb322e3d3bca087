/**
 * What binds a client to an endpoint, as the exchange sees it. The three kinds stand beside this file;
 * whether a bound endpoint may be used, and what happens when it may not, is the exchange's business.
 */
import type { TemplateScope } from "../../core/template-scope.ts";

/** `gone`: bound to an endpoint that is not there any more. Null: not bound. */
export type Binding<E> = E | "gone" | null;

export interface Sticky<E> {
  /** When the bound endpoint cannot serve: refuse the request, or choose and bind another. */
  readonly isRejecting: boolean;
  /** Whom the request is bound to. `nowMs` comes from a clock that all workers share. */
  boundTo(request: TemplateScope, nowMs: number): Binding<E>;
  /** `endpoint` answered; `bound` is what `boundTo` gave. Field lines that bind the client, "" for none. */
  answered(request: TemplateScope, endpoint: E, bound: Binding<E>, nowMs: number): string;
}

export interface StickyTarget {
  readonly name: string;
}
