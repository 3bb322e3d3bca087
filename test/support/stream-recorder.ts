/** A StreamHandler that keeps what it is told, for tests of streams. */
import type { ByteStream, StreamHandler } from "../../src/core/transport.ts";
import { Signal } from "./signal.ts";

export class StreamRecorder implements StreamHandler {
  /** What happened, in order: `data` once for any number of reads in a row. */
  readonly events: string[] = [];
  received = "";
  readCount = 0;
  drainCount = 0;
  readonly changed = new Signal();

  onData(buffer: Buffer, length: number): void {
    this.received += buffer.toString("latin1", 0, length);
    this.readCount++;
    if (this.events.at(-1) !== "data") this.events.push("data");
    this.changed.notify();
  }
  onEnd(): void {
    this.#note("end");
  }
  onDrain(): void {
    this.drainCount++;
    this.changed.notify();
  }
  onClosed(errorCode: string | null): void {
    this.#note(`closed ${errorCode ?? "well"}`);
  }

  async awaitEvent(event: string): Promise<void> {
    await this.changed.until(`${event} on the stream, after ${this.events.join(", ")}`, () =>
      this.events.includes(event),
    );
  }

  async awaitReceived(bytes: number): Promise<void> {
    await this.changed.until(`${bytes} bytes on the stream`, () => this.received.length >= bytes);
  }

  #note(event: string): void {
    this.events.push(event);
    this.changed.notify();
  }
}

/** Hands the stream to a recorder. */
export function recordStream(stream: ByteStream): StreamRecorder {
  const recorder = new StreamRecorder();
  stream.handler = recorder;
  return recorder;
}
