/**
 * The WebSockets under way in one worker, and the asking of many to close: one after the other, so that their
 * clients do not all come back in one moment.
 */
import type { Clock } from "../core/clock.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Downstream } from "./downstream.ts";
import { type WebSocketOwner, WebSocketTunnel } from "./websocket-tunnel.ts";

/** One is asked in each turn, or as many as the time requires. */
const turnMs = 10;

export class OpenWebSockets {
  /** How long one that was asked may take; 0 when none is asked. Replaced by a reload. */
  closeTimeoutMs = 0;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #open = new Set<WebSocketTunnel>();

  constructor(clock: Clock, deadlines: Deadlines) {
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** `head` has accepted an upgrade; null when it is one to another protocol. */
  open(
    head: ResponseHead,
    owner: WebSocketOwner,
    downstream: Downstream,
    endpoint: Endpoint,
  ): WebSocketTunnel | null {
    if (head.fields.upgrade.toLowerCase() !== "websocket") return null;
    const tunnel = new WebSocketTunnel(owner, downstream, endpoint.facts.key, this, this.#deadlines);
    this.#open.add(tunnel);
    return tunnel;
  }

  closed(tunnel: WebSocketTunnel): void {
    this.#open.delete(tunnel);
  }

  /** One may open on a connection that is to end already. */
  welcome(tunnel: WebSocketTunnel | null): void {
    if (tunnel?.isClientDraining === true) tunnel.ask("shutting-down");
  }

  /** Asks whom `isMeant` holds for, all of them in time to close within `withinMs`. */
  ask(cause: Cause, withinMs: number, isMeant: (tunnel: WebSocketTunnel) => boolean): void {
    if (this.closeTimeoutMs === 0) return;
    const asked = [...this.#open].filter((tunnel) => tunnel.isOpen && isMeant(tunnel));
    const turns = Math.max(1, Math.floor((withinMs - this.closeTimeoutMs) / turnMs));
    this.#askInTurns(cause, asked, Math.max(1, Math.ceil(asked.length / turns)));
  }

  #askInTurns(cause: Cause, asked: readonly WebSocketTunnel[], perTurn: number): void {
    const left = asked.filter(({ isOpen }) => isOpen);
    for (const tunnel of left.slice(0, perTurn)) tunnel.ask(cause);
    if (left.length > perTurn)
      this.#clock.setTimer(turnMs, () => this.#askInTurns(cause, left.slice(perTurn), perTurn));
  }
}
