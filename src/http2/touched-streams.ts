/** Streams that one read brought something for: they are told when it has been taken in, once each. */
import type { Http2Stream } from "./stream.ts";

export class TouchedStreams {
  #streams: Http2Stream[] = [];

  add(stream: Http2Stream): void {
    if (stream.isTouched) return;
    stream.isTouched = true;
    this.#streams.push(stream);
  }

  flush(): void {
    const streams = this.#streams;
    if (streams.length === 0) return;
    this.#streams = [];
    for (const stream of streams) {
      stream.isTouched = false;
      if (!stream.isClosed) stream.handler.onFlush();
    }
  }
}
