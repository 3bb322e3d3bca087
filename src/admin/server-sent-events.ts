/** A stream of server-sent events to one client: heartbeats, an end to readers that are too slow, a clean close. */
import type { Timer } from "../core/clock.ts";
import type { AdminCall } from "./operation.ts";

/** Keeps proxies and clients from taking a quiet stream for a dead one. */
const heartbeatMs = 15_000;
/** Events that wait for a slow reader; then its stream ends, and it may come back. */
const waitingMax = 1000;

export class ServerSentEvents {
  readonly response: Response;
  readonly #call: AdminCall<unknown>;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #stopSource: () => void = () => {};
  #heartbeat: Timer | null = null;

  /** `begin` starts the source and gives back what stops it. */
  constructor(call: AdminCall<unknown>, begin: (stream: ServerSentEvents) => () => void) {
    this.#call = call;
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        this.#write(": welcome\n\n");
        this.#stopSource = begin(this);
        this.#beat();
      },
      cancel: () => this.#stop(),
    });
    this.response = new Response(readable, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
    call.signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  /** `id` lets the client say where to go on. */
  send(event: string, data: unknown, id: number | null = null): void {
    this.sendText(event, JSON.stringify(data), id);
  }

  /** `json` has no line breaks. */
  sendText(event: string, json: string, id: number | null = null): void {
    this.#write(`${id === null ? "" : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`);
  }

  #write(text: string): void {
    const controller = this.#controller;
    if (controller === null) return;
    controller.enqueue(this.#encoder.encode(text));
    if ((controller.desiredSize ?? 0) < -waitingMax) this.#end();
  }

  #beat(): void {
    if (this.#controller === null) return;
    this.#heartbeat = this.#call.context.clock.setTimer(heartbeatMs, () => {
      this.#write(": still here\n\n");
      this.#beat();
    });
  }

  #end(): void {
    const controller = this.#controller;
    this.#stop();
    controller?.close();
  }

  #stop(): void {
    this.#controller = null;
    this.#stopSource();
    this.#heartbeat?.cancel();
  }
}
