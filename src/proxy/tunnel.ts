/**
 * What an exchange has become by an upgrade: bytes both ways, of which each direction ends when its sender says so,
 * and the tunnel with the second. One that carries a WebSocket can be asked to end. The bytes do not pass here.
 */
import type { Cause } from "../core/errors.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { ownMemory } from "../upstream/upstream-stream.ts";
import type { Attempt } from "./attempt.ts";
import type { Downstream } from "./downstream.ts";
import type { OpenWebSockets } from "./open-websockets.ts";
import type { WebSocketOwner, WebSocketTunnel } from "./websocket-tunnel.ts";

/** The exchange, as its tunnel sees it. */
export interface TunnelOwner {
  /** The client's direction; it tells of its end. */
  readonly request: { readonly isComplete: boolean; beginTunnel(tunnel: Tunnel): void };
  /** Both sides have ended, or are made to; `cause` says why, null when they did by themselves. */
  onTunnelOver(cause: Cause | null): void;
}

export class Tunnel implements WebSocketOwner {
  /** Null when something else is spoken. */
  readonly webSocket: WebSocketTunnel | null;
  readonly #owner: TunnelOwner;
  readonly #attempt: Attempt;
  readonly #downstream: Downstream;
  readonly #webSockets: OpenWebSockets;
  #hasEndpointEnded = false;

  /** `head` has accepted the upgrade. */
  constructor(
    owner: TunnelOwner,
    attempt: Attempt,
    head: ResponseHead,
    downstream: Downstream,
    webSockets: OpenWebSockets,
  ) {
    this.#owner = owner;
    this.#attempt = attempt;
    this.#downstream = downstream;
    this.#webSockets = webSockets;
    attempt.endpoint.state.count("tunnels");
    this.webSocket = webSockets.open(head, this, downstream, attempt.endpoint);
    owner.request.beginTunnel(this);
  }

  /** The client knows of it. */
  begun(): void {
    this.#webSockets.welcome(this.webSocket);
  }

  clientEnded(): void {
    if (this.#hasEndpointEnded) this.#end(null);
  }

  endpointEnded(): void {
    this.#hasEndpointEnded = true;
    this.#downstream.sendEnd("");
    if (this.#owner.request.isComplete) this.#end(null);
  }

  endWebSocket(cause: Cause, farewell: Buffer | null): void {
    const { upstream } = this.#attempt;
    if (farewell !== null) upstream?.sendBody(ownMemory, farewell, 0, farewell.length);
    if (!this.#owner.request.isComplete) upstream?.sendEnd("");
    this.#end(cause);
  }

  dispose(): void {
    this.webSocket?.dispose();
  }

  #end(cause: Cause | null): void {
    this.#attempt.upstream?.finishTunnel();
    this.#attempt.upstream = null;
    this.#owner.onTunnelOver(cause);
  }
}
