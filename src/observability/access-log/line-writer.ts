/**
 * Holds lines until the sink takes them and never makes anyone wait: at most so many lines are held,
 * further ones are dropped and counted. Hands the sink one chunk of whole lines at a time. Does not know
 * what a line says or where it goes.
 *
 *   write(line) ─▶ [ current chunk ] ─▶ [ full chunks ] ─▶ [ at the sink ]
 *                        └──── held lines, bounded ───────────────┘
 *
 * A line is copied into the chunk's memory at once. Held as text, the pieces that it was put together
 * from, and the request heads that these are slices of, would live until the chunk was full.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import { writeLatin1 } from "../../core/latin1.ts";

/** Where lines go. Platform's files, standard output and syslog senders satisfy it. */
export interface LineSink {
  /**
   * Takes whole lines in UTF-8, each with its line feed. Calls `done` once; nothing more is written before,
   * and the memory is the sink's until then.
   */
  write(lines: Buffer, done: (error: Error | null) => void): void;
  /** Opens the file again under its name, after a rotation. Nothing for other sinks. */
  reopen(): void;
  close(): void;
}

export interface LineWriterParts {
  readonly sink: LineSink;
  readonly clock: Pick<Clock, "setTimer">;
  /** Lines held while the sink is slow. */
  readonly linesMax: number;
  /** Longest time a line waits for company. Default 200. */
  readonly flushDelayMs?: number;
}

export interface LineCounts {
  readonly written: number;
  /** Dropped because too many were held. */
  readonly dropped: number;
  /** Lost because the sink failed. */
  readonly lost: number;
  /** Held now. */
  readonly held: number;
}

/**
 * A chunk that has no room for the next line goes to the sink. Handing one to another thread costs the same
 * whatever its size: at 32 KiB that is 0.2 µs a line of 300 characters, at 128 KiB a fifth of it.
 */
const chunkOctets = 128 * 1024;
/** What a line may take on average before memory, not the number of lines, sets the limit. */
const octetsPerLineMax = 2048;

interface Chunk {
  readonly memory: Buffer;
  length: number;
  lineCount: number;
}

export class LineWriter {
  readonly #sink: LineSink;
  readonly #clock: Pick<Clock, "setTimer">;
  readonly #linesMax: number;
  readonly #octetsMax: number;
  readonly #flushDelayMs: number;
  readonly #full: Chunk[] = [];
  readonly #onTimer = (): void => {
    this.#timer = null;
    this.flush();
  };
  #current: Chunk | null = null;
  /** One that the sink has given back. */
  #spare: Chunk | null = null;
  #isFlushDue = false;
  #heldLines = 0;
  #heldOctets = 0;
  #isWriting = false;
  #timer: Timer | null = null;
  #onClosed: (() => void) | null = null;
  #isClosed = false;
  #written = 0;
  #dropped = 0;
  #lost = 0;

  constructor(parts: LineWriterParts) {
    this.#sink = parts.sink;
    this.#clock = parts.clock;
    this.#linesMax = parts.linesMax;
    this.#octetsMax = parts.linesMax * octetsPerLineMax;
    this.#flushDelayMs = parts.flushDelayMs ?? 200;
  }

  get counts(): LineCounts {
    return { written: this.#written, dropped: this.#dropped, lost: this.#lost, held: this.#heldLines };
  }

  /** Takes one line that ends in a line feed: octets of UTF-8 as code points 0–255. */
  write(line: string): void {
    const { length } = line;
    if (this.#heldLines >= this.#linesMax || this.#heldOctets + length > this.#octetsMax || this.#isClosed) {
      this.#dropped++;
      return;
    }
    let chunk = this.#current;
    if (chunk === null || chunk.length + length > chunk.memory.length) chunk = this.#begin(length);
    writeLatin1(chunk.memory, line, chunk.length);
    chunk.length += length;
    chunk.lineCount++;
    this.#heldLines++;
    this.#heldOctets += length;
    this.#timer ??= this.#clock.setTimer(this.#flushDelayMs, this.#onTimer);
  }

  /** Hands over what is held as soon as the sink can take it. */
  flush(): void {
    this.#isFlushDue = true;
    this.#pump();
  }

  /** After a rotation: lines from here on go to the file that then has the name. */
  reopen(): void {
    this.flush();
    this.#sink.reopen();
  }

  /** Takes no more lines; calls back once everything held was written or lost, and closes the sink. */
  close(onClosed: () => void): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#onClosed = onClosed;
    this.flush();
  }

  /** A chunk with room for so much becomes the current one; the one before is full. */
  #begin(length: number): Chunk {
    if (this.#current !== null) this.#full.push(this.#current);
    this.#current = null;
    this.#pump();
    let chunk = this.#spare;
    this.#spare = null;
    if (chunk === null || length > chunk.memory.length)
      chunk = { memory: Buffer.allocUnsafeSlow(Math.max(chunkOctets, length)), length: 0, lineCount: 0 };
    this.#current = chunk;
    return chunk;
  }

  #pump(): void {
    if (this.#isWriting) return;
    const chunk = this.#full.shift() ?? this.#flushed();
    if (chunk === null) {
      this.#finishClosing();
      return;
    }
    this.#isWriting = true;
    this.#sink.write(chunk.memory.subarray(0, chunk.length), (error) => this.#wasWritten(chunk, error));
  }

  /** The current chunk, if it is to wait no longer: what is behind full ones waits with them, in one piece. */
  #flushed(): Chunk | null {
    if (!this.#isFlushDue) return null;
    const chunk = this.#current;
    this.#isFlushDue = false;
    this.#current = null;
    return chunk;
  }

  #wasWritten(chunk: Chunk, error: Error | null): void {
    this.#isWriting = false;
    this.#heldLines -= chunk.lineCount;
    this.#heldOctets -= chunk.length;
    if (error === null) this.#written += chunk.lineCount;
    else this.#lost += chunk.lineCount;
    chunk.length = 0;
    chunk.lineCount = 0;
    if (chunk.memory.length === chunkOctets) this.#spare = chunk;
    this.#pump();
  }

  #finishClosing(): void {
    const onClosed = this.#onClosed;
    if (onClosed === null) return;
    this.#onClosed = null;
    this.#sink.close();
    onClosed();
  }
}
