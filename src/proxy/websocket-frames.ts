/**
 * Where WebSocket frames begin and end in one direction of a tunnel (RFC 6455 §5.2), and the frame that asks for
 * the end. Only heads of frames are looked at: payloads are skipped by their length, nothing is kept of them.
 */

const opClose = 8;
/** A length of 126 stands for 2 bytes that tell it, 127 for 8. */
const lengthBytes = (short: number): number => (short === 126 ? 2 : short === 127 ? 8 : 0);
const maskBytes = 4;

export class FrameTracker {
  /** A close frame has begun: nothing may be put behind it. */
  isOver = false;
  #payloadLeft = 0;
  /** Bytes seen of the head under way; 0 between frames. */
  #headSeen = 0;
  #headSize = 0;
  #lengthEnd = 0;
  #length = 0;

  /** Between two frames: a control frame may be put in here, in the middle of a fragmented message, too (§5.4). */
  get isAtBoundary(): boolean {
    return this.#headSeen === 0 && this.#payloadLeft === 0;
  }

  /** Follows `bytes[start, end)`; with `isStopping` no further than the next boundary. Returns where it came to. */
  read(bytes: Uint8Array, start: number, end: number, isStopping: boolean): number {
    let pos = start;
    while (pos < end) {
      if (this.#payloadLeft > 0) {
        const skipped = Math.min(this.#payloadLeft, end - pos);
        this.#payloadLeft -= skipped;
        pos += skipped;
      } else {
        this.#readHead(bytes[pos++] as number);
      }
      if (isStopping && this.isAtBoundary) break;
    }
    return pos;
  }

  #readHead(byte: number): void {
    const at = this.#headSeen++;
    if (at === 0) {
      if ((byte & 0x0f) === opClose) this.isOver = true;
      return;
    }
    if (at === 1) {
      const short = byte & 0x7f;
      this.#lengthEnd = 2 + lengthBytes(short);
      this.#headSize = this.#lengthEnd + ((byte & 0x80) === 0 ? 0 : maskBytes);
      this.#length = this.#lengthEnd > 2 ? 0 : short;
    } else if (at < this.#lengthEnd) {
      this.#length = this.#length * 256 + byte;
    }
    if (this.#headSeen < this.#headSize) return;
    this.#headSeen = 0;
    this.#payloadLeft = this.#length;
  }
}

/** 1001, "going away" (§7.4.1): clients know it since the beginning and connect anew. */
const goingAway = Buffer.concat([Buffer.of(0x03, 0xe9), Buffer.from("please connect again")]);

/** What a server sends a client. */
export const closeForClient = Buffer.concat([Buffer.of(0x80 | opClose, goingAway.length), goingAway]);

/** What a client sends a server: masked, as it must be; with zeros, since it says nothing that others could have chosen (§10.3). */
export const closeForServer = Buffer.concat([
  Buffer.of(0x80 | opClose, 0x80 | goingAway.length, 0, 0, 0, 0),
  goingAway,
]);
