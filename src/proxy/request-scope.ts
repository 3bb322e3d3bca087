/**
 * A request as routing and templates see it: facts of the head, each worked out when asked, and what
 * the exchange learns as it goes.
 */
import type { Clock } from "../core/clock.ts";
import type { ExchangeFact, TemplateScope } from "../core/template-scope.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { Downstream } from "./downstream.ts";
import type { HookedRequest } from "./hooked-request.ts";

/** What templates may ask beyond the request itself. */
export interface LearntFacts {
  fact(name: ExchangeFact): string | number | undefined;
  responseHeader(lowerName: string): string | undefined;
}

export class RequestScope implements TemplateScope {
  /** Captures of the matched route; set by the router. */
  captures: ReadonlyMap<string, string> | null = null;
  /** Field lines that choices made on the way add to the response (cookies), each with CRLF. */
  responseLines = "";
  /** Whom basic authentication let in. */
  user: string | null = null;
  /** What hooks were shown and want changed; null until one is called. */
  hooked: HookedRequest | null = null;
  readonly #head: RequestHead;
  readonly #downstream: Downstream;
  readonly #clock: Clock;
  readonly #learnt: LearntFacts;

  constructor(head: RequestHead, downstream: Downstream, clock: Clock, learnt: LearntFacts) {
    this.#head = head;
    this.#downstream = downstream;
    this.#clock = clock;
    this.#learnt = learnt;
  }

  get method(): string {
    return this.#head.method;
  }
  get target(): string {
    return this.#head.target;
  }
  get path(): string {
    const { target } = this.#head;
    const end = target.indexOf("?");
    return end < 0 ? target : target.slice(0, end);
  }
  get query(): string {
    const { target } = this.#head;
    const start = target.indexOf("?");
    return start < 0 ? "" : target.slice(start + 1);
  }
  get host(): string {
    return this.#head.host.replace(/:[0-9]*$/, "").toLowerCase();
  }
  get clientAddress(): string {
    return this.#downstream.client.address(this.#head);
  }
  get isSecure(): boolean {
    return this.#downstream.client.peer.isSecure;
  }
  get listener(): string {
    return this.#downstream.client.listenerName;
  }
  header(lowerName: string): string | undefined {
    return this.#head.fields.get(lowerName);
  }
  capture(name: string): string | undefined {
    return this.captures?.get(name);
  }
  responseHeader(lowerName: string): string | undefined {
    return this.#learnt.responseHeader(lowerName);
  }
  fact(name: ExchangeFact): string | number | undefined {
    return this.#learnt.fact(name);
  }
  wallMs(): number {
    return this.#clock.wallMs();
  }
}
