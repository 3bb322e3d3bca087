/** Who owns an HTTP/2 session: what it is told of requests, of settings, and of the end. */
import type { Field } from "./field.ts";
import type { Http2Stream } from "./stream.ts";

export interface SessionOwner {
  /** Servers: a request has begun. Sets the stream's handler before it returns. */
  onRequest(stream: Http2Stream, fields: readonly Field[], isEnd: boolean): void;
  /** Servers: a request's fields unfold to more than is allowed, to these and others; as above. */
  onRequestTooLarge(stream: Http2Stream, fields: readonly Field[]): void;
  /** The peer's settings have come, or have changed. */
  onPeerSettings(): void;
  /**
   * No new streams on this session, which is draining or at its end. May come more than once. `lastStreamId` is the
   * last that the peer vouches for, 0 where it has said nothing.
   */
  onGoAway(lastStreamId: number): void;
  /** The last open stream has ended. */
  onQuiet(): void;
  /** A stream has ended, others are open. */
  onStreamClosed(): void;
  /** The connection is closed; its streams were told before. `reason` is null for an orderly end. */
  onClosed(reason: string | null): void;
}
