/** A Dialer for unit tests: keeps each dial until the test lets it succeed or fail. */
import type { Dialer, DialHandler, DialTarget } from "../../src/core/transport.ts";
import { MemoryStream } from "./memory-stream.ts";

export interface FakeDial {
  readonly target: DialTarget;
  readonly preamble: string;
  isGivenUp: boolean;
  /** `alpn`: what was agreed on. */
  succeed(alpn?: string): MemoryStream;
  fail(errorCode: string): void;
}

export class FakeDialer implements Dialer {
  readonly dials: FakeDial[] = [];

  /** The last one. */
  get last(): FakeDial {
    const last = this.dials.at(-1);
    if (last === undefined) throw new Error("nothing was dialled");
    return last;
  }

  dial(target: DialTarget, _tls: unknown, handler: DialHandler, preamble?: Uint8Array | null): () => void {
    const dial: FakeDial = {
      target,
      preamble: Buffer.from(preamble ?? []).toString("latin1"),
      isGivenUp: false,
      succeed(alpn = "") {
        const stream = new MemoryStream();
        handler.onConnected(stream, alpn);
        return stream;
      },
      fail: (errorCode) => handler.onDialFailed(errorCode),
    };
    this.dials.push(dial);
    return () => {
      dial.isGivenUp = true;
    };
  }
}
