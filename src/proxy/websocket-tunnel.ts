/**
 * One WebSocket under way, as far as asking it to end goes: it follows the frames, puts a close frame between two
 * of them for the client, and lets the client's answer take its way to the endpoint. What the client still
 * sends before that arrives; what the endpoint sends afterwards is for nobody (RFC 6455 §1.4).
 *
 *   open ──ask──▶ asked ──frame ends──▶ told ──▶ over
 *                   └───────── time is up ────────▶ over
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import { type ByteSource, ownMemory } from "../upstream/upstream-stream.ts";
import type { Downstream } from "./downstream.ts";
import { closeForClient, closeForServer, FrameTracker } from "./websocket-frames.ts";

/** The exchange, as its WebSocket sees it. */
export interface WebSocketOwner {
  /** Ends both sides in order; `farewell` is what the endpoint hears last, null when it has heard enough. */
  endWebSocket(cause: Cause, farewell: Buffer | null): void;
}

/** Who keeps the list of those that are open. */
interface Register {
  readonly closeTimeoutMs: number;
  closed(tunnel: WebSocketTunnel): void;
}

type Phase = "open" | "asked" | "told" | "over";

export class WebSocketTunnel {
  readonly endpointKey: string;
  readonly #owner: WebSocketOwner;
  readonly #downstream: Downstream;
  readonly #register: Register;
  readonly #toClient = new FrameTracker();
  readonly #toEndpoint = new FrameTracker();
  readonly #deadline: Deadline;
  #phase: Phase = "open";
  #cause: Cause = "shutting-down";

  constructor(
    owner: WebSocketOwner,
    downstream: Downstream,
    endpointKey: string,
    register: Register,
    deadlines: Deadlines,
  ) {
    this.#owner = owner;
    this.#downstream = downstream;
    this.endpointKey = endpointKey;
    this.#register = register;
    this.#deadline = new Deadline(deadlines, () => this.#overdue());
  }

  /** Its client's connection is to end. */
  get isClientDraining(): boolean {
    return this.#downstream.isDraining;
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /**
   * Asks the client to close; whoever has not after the time for it is ended with `cause`. False where nobody is
   * asked; one that has been asked before is left to that.
   */
  ask(cause: Cause): boolean {
    if (this.#phase !== "open") return true;
    const { closeTimeoutMs } = this.#register;
    if (closeTimeoutMs === 0) return false;
    this.#phase = "asked";
    this.#cause = cause;
    this.#deadline.set(closeTimeoutMs);
    this.#tell();
    if (this.#isTold()) this.#downstream.flush();
    return true;
  }

  /** From the client, before the endpoint gets it. */
  sent(bytes: Buffer, start: number, end: number): void {
    this.#toEndpoint.read(bytes, start, end, false);
  }

  /** From the endpoint, on its way to the client: in place of the downstream's own. */
  sendBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "told") return;
    const until = this.#toClient.read(bytes, start, end, this.#phase === "asked");
    this.#downstream.sendBody(source, bytes, start, until);
    this.#tell();
    // One that says goodbye by itself needs no other.
    if (!this.#isTold() && until < end) this.#downstream.sendBody(source, bytes, until, end);
  }

  /** The exchange is over. */
  dispose(): void {
    this.#phase = "over";
    this.#deadline.dispose();
    this.#register.closed(this);
  }

  #isTold(): boolean {
    return this.#phase === "told";
  }

  #tell(): void {
    if (this.#phase !== "asked" || !this.#toClient.isAtBoundary) return;
    if (this.#toClient.isOver || this.#toEndpoint.isOver) return;
    this.#phase = "told";
    this.#downstream.sendBody(ownMemory, closeForClient, 0, closeForClient.length);
  }

  #overdue(): void {
    const { isAtBoundary, isOver } = this.#toEndpoint;
    this.#owner.endWebSocket(this.#cause, isAtBoundary && !isOver ? closeForServer : null);
  }
}
