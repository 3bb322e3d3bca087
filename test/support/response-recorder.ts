/** Keeps what an upstream connection tells its exchange. */
import type { Cause } from "../../src/core/errors.ts";
import type { BodyFraming } from "../../src/http1/framing.ts";
import type { ResponseHead } from "../../src/http1/response-head.ts";
import type { ConnectionWaiter } from "../../src/upstream/dial.ts";
import type { ByteSource, OutgoingRequest, UpstreamStream } from "../../src/upstream/upstream-stream.ts";

export class ResponseRecorder implements ConnectionWaiter {
  /** What happened, in order. */
  readonly events: string[] = [];
  body = "";
  stream: UpstreamStream | null = null;
  isWebSocket = false;
  /** Called as the response ends, from inside the callback. */
  onEnd: (() => void) | null = null;

  proxyHeader(version: "v1" | "v2"): Uint8Array {
    return Buffer.from(`PROXY ${version}`);
  }
  onUpstreamReady(stream: UpstreamStream): void {
    this.stream = stream;
    this.events.push("ready");
  }
  onInformational(head: ResponseHead): void {
    this.events.push(`informational ${head.status}`);
  }
  onResponseHead(head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void {
    this.events.push(`head ${head.status} ${isUpgrade ? "upgrade" : body.kind}`);
  }
  onResponseBody(_source: ByteSource, bytes: Buffer, start: number, end: number): void {
    this.body += bytes.toString("latin1", start, end);
  }
  onResponseEnd(trailers: string): void {
    this.events.push(trailers === "" ? "end" : `end ${trailers}`);
    this.onEnd?.();
  }
  onResponseFlush(): void {
    // A time to write, not an event.
  }
  onUpstreamDrain(): void {
    this.events.push("drain");
  }
  onUpstreamFailed(cause: Cause, _detail: string): void {
    this.events.push(`failed ${cause}`);
  }
}

export function outgoing(changes: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return {
    method: "GET",
    target: "/",
    host: "a",
    fieldLines: "",
    body: { kind: "none" },
    upgrade: "",
    isContinueExpected: false,
    isTrailersAccepted: false,
    timeouts: null,
    ...changes,
  };
}
