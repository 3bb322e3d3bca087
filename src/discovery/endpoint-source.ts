/**
 * What an endpoint source is: something that finds a pool's endpoints and says so, again and again. It
 * keeps no last good set, applies nothing and logs nothing: whoever listens does.
 */
import type { EndpointConfig } from "../config/schema-endpoint.ts";

export interface SourceListener {
  /** An answer: all endpoints there are now, in an order that means something; perhaps the same as before. */
  found(endpoints: readonly EndpointConfig[]): void;
  /** No answer can be had, or it cannot be used; one clause. The source goes on trying by itself. */
  failed(reason: string): void;
}

export interface EndpointSource {
  /** Begins to look; called once. The listener is called later, never from within. */
  start(listener: SourceListener): void;
  /** Nothing is told afterwards, and no timer, socket or watch is left. */
  close(): void;
}

/** What one look gives. */
export type SourceAnswer =
  | {
      readonly kind: "found";
      readonly endpoints: readonly EndpointConfig[];
      /** When to look again, before jitter. */
      readonly nextMs: number;
    }
  | { readonly kind: "failed"; readonly reason: string };

/** One look: `done` is called once, never from within. The result gives up; `done` is not called then. */
export type Look = (done: (answer: SourceAnswer) => void) => () => void;
