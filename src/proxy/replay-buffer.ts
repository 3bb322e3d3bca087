/**
 * The part of a request body that has arrived, kept so that another attempt can send it again, up
 * to a limit. Beyond the limit the exchange goes on but can no longer be retried.
 */
import { ownMemory, type UpstreamStream } from "../upstream/upstream-stream.ts";

export class ReplayBuffer {
  /** Everything that arrived so far is still here. */
  isComplete = true;
  readonly #bytesMax: number;
  #bytes = 0;
  #pieces: Buffer[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Body bytes that arrive while no endpoint is there to take them are kept even beyond the limit. */
  add(bytes: Buffer, start: number, end: number, isNeeded: boolean): void {
    if (!this.isComplete && !isNeeded) return;
    this.#bytes += end - start;
    if (this.#bytes > this.#bytesMax && !isNeeded) {
      this.#giveUp();
      return;
    }
    this.#pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  /** Sends what is kept; lets it go if it is more than may be kept. */
  sendTo(upstream: UpstreamStream): void {
    for (const piece of this.#pieces) upstream.sendBody(ownMemory, piece, 0, piece.length);
    if (this.#bytes > this.#bytesMax) this.#giveUp();
  }

  #giveUp(): void {
    this.isComplete = false;
    this.#pieces = [];
  }
}
