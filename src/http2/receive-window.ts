/**
 * What the peer may still send: the connection's window and each stream's. Bytes of a stream that has been
 * told to pause earn no new credit until it resumes, so a peer can never make us hold more than the windows.
 */
import type { FrameWriter } from "./frame-writer.ts";
import { windowUpdateFrame } from "./frames.ts";
import type { Http2Stream } from "./stream.ts";

export class ReceiveWindow {
  readonly #writer: FrameWriter;
  readonly #streamMax: number;
  readonly #connectionMax: number;
  readonly #isWithheld: boolean;
  #left: number;
  #uncredited = 0;

  /**
   * `isWithheld`: what a paused stream has received is missing from the connection's window as well. One
   * client's streams may hold each other up; on a connection that many clients share they must not.
   */
  constructor(writer: FrameWriter, streamMax: number, connectionMax: number, isWithheld: boolean) {
    this.#isWithheld = isWithheld;
    this.#writer = writer;
    this.#streamMax = streamMax;
    this.#connectionMax = connectionMax;
    this.#left = connectionMax;
  }

  /** `bytes` came, padding included; false when the connection's window did not allow it. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** They were for this stream; false when its window did not allow it. */
  takeFor(stream: Http2Stream, bytes: number): boolean {
    stream.receiveWindow -= bytes;
    stream.uncredited += bytes;
    if (this.#isWithheld) stream.withheld += bytes;
    else this.creditConnection(bytes);
    return stream.receiveWindow >= 0;
  }

  /** The stream takes in what comes: its peer may send on. */
  credit(stream: Http2Stream): void {
    this.settle(stream);
    // Half a window at a time: a frame for each read would be too many, a whole one would stop the flow.
    if (stream.hasRemoteEnded || stream.uncredited * 2 < this.#streamMax) return;
    this.#writer.hold(windowUpdateFrame(stream.id, stream.uncredited));
    stream.receiveWindow += stream.uncredited;
    stream.uncredited = 0;
  }

  /** What the stream owes to the connection's window is paid: it goes on, or has ended. */
  settle(stream: Http2Stream): void {
    this.creditConnection(stream.withheld);
    stream.withheld = 0;
  }

  creditConnection(bytes: number): void {
    this.#uncredited += bytes;
    if (this.#uncredited * 2 < this.#connectionMax) return;
    this.#writer.hold(windowUpdateFrame(0, this.#uncredited));
    this.#left += this.#uncredited;
    this.#uncredited = 0;
  }
}
