/** A request head seen as the facts that routing and templates ask for, each worked out when asked. */
import type { RequestHead } from "../http1/request-head.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import type { Downstream } from "./downstream.ts";

export class HeadFacts implements RequestFacts {
  readonly #head: RequestHead;
  readonly #downstream: Downstream;

  constructor(head: RequestHead, downstream: Downstream) {
    this.#head = head;
    this.#downstream = downstream;
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
  header(lowerName: string): string | undefined {
    return this.#head.fields.get(lowerName);
  }
  get clientAddress(): string {
    return this.#downstream.clientAddress(this.#head);
  }
  get isSecure(): boolean {
    return this.#downstream.isSecure;
  }
  get listener(): string {
    return this.#downstream.listenerName;
  }
}
