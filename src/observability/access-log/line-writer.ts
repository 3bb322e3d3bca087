/**
 * Holds lines until the sink takes them and never makes anyone wait: at most so many lines are held,
 * further ones are dropped and counted. Hands the sink one chunk of whole lines at a time. Does not know
 * what a line says or where it goes.
 *
 *   write(line) ─▶ [ current chunk ] ─▶ [ full chunks ] ─▶ [ at the sink ]
 *                        └──── held lines, bounded ───────────────┘
 */
import type { Clock, Timer } from "../../core/clock.ts";

/** Where lines go. Platform's files, standard output and syslog sender satisfy it. */
export interface LineSink {
  /** Takes whole lines, each with its line feed. Calls `done` once; nothing more is written before. */
  write(lines: string, done: (error: Error | null) => void): void;
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
 * A chunk goes to the sink from this length on. Handing one to another thread costs the same whatever its
 * size: at 32 KiB that is 0.2 µs a line of 300 characters, at 128 KiB a fifth of it.
 */
const chunkChars = 128 * 1024;
/** What a line may take on average before memory, not the number of lines, sets the limit. */
const charsPerLineMax = 2048;

interface Chunk {
  readonly text: string;
  readonly lineCount: number;
}

export class LineWriter {
  readonly #sink: LineSink;
  readonly #clock: Pick<Clock, "setTimer">;
  readonly #linesMax: number;
  readonly #charsMax: number;
  readonly #flushDelayMs: number;
  readonly #full: Chunk[] = [];
  readonly #onTimer = (): void => {
    this.#timer = null;
    this.flush();
  };
  #text = "";
  #textLines = 0;
  #heldLines = 0;
  #heldChars = 0;
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
    this.#charsMax = parts.linesMax * charsPerLineMax;
    this.#flushDelayMs = parts.flushDelayMs ?? 200;
  }

  get counts(): LineCounts {
    return { written: this.#written, dropped: this.#dropped, lost: this.#lost, held: this.#heldLines };
  }

  /** Takes one line that ends in a line feed. */
  write(line: string): void {
    if (
      this.#heldLines >= this.#linesMax ||
      this.#heldChars + line.length > this.#charsMax ||
      this.#isClosed
    ) {
      this.#dropped++;
      return;
    }
    this.#text += line;
    this.#textLines++;
    this.#heldLines++;
    this.#heldChars += line.length;
    if (this.#text.length >= chunkChars) this.flush();
    else this.#timer ??= this.#clock.setTimer(this.#flushDelayMs, this.#onTimer);
  }

  /** Hands over what is held as soon as the sink can take it. */
  flush(): void {
    if (this.#textLines > 0) {
      this.#full.push({ text: this.#text, lineCount: this.#textLines });
      this.#text = "";
      this.#textLines = 0;
    }
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

  #pump(): void {
    if (this.#isWriting) return;
    const chunk = this.#full.shift();
    if (chunk === undefined) {
      this.#finishClosing();
      return;
    }
    this.#isWriting = true;
    this.#sink.write(chunk.text, (error) => {
      this.#isWriting = false;
      this.#heldLines -= chunk.lineCount;
      this.#heldChars -= chunk.text.length;
      if (error === null) this.#written += chunk.lineCount;
      else this.#lost += chunk.lineCount;
      this.#pump();
    });
  }

  #finishClosing(): void {
    const onClosed = this.#onClosed;
    if (onClosed === null) return;
    this.#onClosed = null;
    this.#sink.close();
    onClosed();
  }
}
