/**
 * An HTTP/2 client that sends exactly the frames it is given, good or bad, and keeps the frames that come back.
 * It writes and cuts frames itself, so that no mistake of ours is made twice; only to read header
 * blocks it borrows the decoder under test.
 */
import assert from "node:assert/strict";
import { HpackDecoder } from "../../src/http2/hpack-decoder.ts";
import { connectRaw, type RawClient } from "./raw-client.ts";

export const type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goAway: 7,
  window: 8,
  continuation: 9,
} as const;

export const code = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;

/** Flags: END_STREAM and ACK are 1, END_HEADERS 4, PADDED 8, PRIORITY 32. */
export const endStream = 1;
export const ack = 1;
export const endHeaders = 4;
export const padded = 8;
export const withPriority = 32;

export const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: string;
}

export function octets(value: number, count: number): string {
  let text = "";
  for (let shift = count - 1; shift >= 0; shift--)
    text += String.fromCharCode(Math.floor(value / 256 ** shift) % 256);
  return text;
}

export function number(text: string): number {
  return [...text].reduce((sum, octet) => sum * 256 + octet.charCodeAt(0), 0);
}

export function frame(frameType: number, flags: number, streamId: number, payload = ""): string {
  return octets(payload.length, 3) + octets(frameType, 1) + octets(flags, 1) + octets(streamId, 4) + payload;
}

/** A literal field without indexing and without Huffman's code. */
export function literal(name: string, value: string): string {
  const string = (text: string): string =>
    text.length < 127 ? octets(text.length, 1) + text : `\x7f${varint(text.length - 127)}${text}`;
  return `\x00${string(name)}${string(value)}`;
}

function varint(value: number): string {
  return value < 128 ? octets(value, 1) : octets((value % 128) + 128, 1) + varint(Math.floor(value / 128));
}

export function block(fields: readonly (readonly [name: string, value: string])[]): string {
  return fields.map(([name, value]) => literal(name, value)).join("");
}

export const getFields = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "example.com"],
] as const;

export const postFields = [[":method", "POST"], ...getFields.slice(1)] as const;

/** HEADERS of a whole request without a body, further fields behind the usual ones. */
export function get(streamId: number, more: readonly (readonly [string, string])[] = []): string {
  return frame(type.headers, endStream + endHeaders, streamId, block([...getFields, ...more]));
}

/** HEADERS of a request whose body follows. */
export function post(streamId: number, more: readonly (readonly [string, string])[] = []): string {
  return frame(type.headers, endHeaders, streamId, block([...postFields, ...more]));
}

export function data(streamId: number, payload: string, flags = 0): string {
  return frame(type.data, flags, streamId, payload);
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): string {
  return frame(type.settings, 0, 0, pairs.map(([id, value]) => octets(id, 2) + octets(value, 4)).join(""));
}

export function window(streamId: number, increment: number): string {
  return frame(type.window, 0, streamId, octets(increment, 4));
}

export function reset(streamId: number, errorCode = code.cancel as number): string {
  return frame(type.reset, 0, streamId, octets(errorCode, 4));
}

export function ping(payload = "whatever"): string {
  return frame(type.ping, 0, 0, payload);
}

export class FrameClient {
  readonly raw: RawClient;
  readonly frames: Frame[] = [];
  readonly #decoder = new HpackDecoder(4096, 1_000_000);
  readonly #fields = new Map<Frame, Map<string, string>>();
  #cut = 0;

  constructor(raw: RawClient) {
    this.raw = raw;
    raw.socket.on("data", () => this.#take());
  }

  send(...frames: readonly string[]): void {
    this.raw.send(frames.join(""));
  }

  /** Until a frame of that kind has come. */
  async frame(what: string, isIt: (frame: Frame) => boolean): Promise<Frame> {
    return this.raw.changed.until(`${what}; so far ${JSON.stringify(this.frames.slice(-5))}`, () => {
      this.#take();
      return this.frames.find(isIt);
    });
  }

  /** The final head on a stream. */
  async head(streamId: number): Promise<Map<string, string>> {
    const found = await this.frame(`a response on stream ${streamId}`, (each) => {
      return each.type === type.headers && each.streamId === streamId;
    });
    return this.#fields.get(found) as Map<string, string>;
  }

  async status(streamId: number): Promise<number> {
    return Number((await this.head(streamId)).get(":status"));
  }

  /** The whole body on a stream, once the stream has ended. */
  async body(streamId: number): Promise<string> {
    await this.frame(`the end of stream ${streamId}`, (each) => {
      return each.type <= 1 && each.streamId === streamId && (each.flags & endStream) !== 0;
    });
    return this.frames
      .filter((each) => each.type === type.data && each.streamId === streamId)
      .map(({ payload }) => payload)
      .join("");
  }

  async expectReset(streamId: number, errorCode: number): Promise<void> {
    const found = await this.frame(`RST_STREAM on stream ${streamId}`, (each) => {
      return (each.type === type.reset && each.streamId === streamId) || each.type === type.goAway;
    });
    assert.equal(found.type, type.reset, "the whole connection was ended");
    assert.equal(number(found.payload), errorCode);
  }

  /** GOAWAY with that code, and then the end of the connection. Returns the last stream id. */
  async expectGoAway(errorCode: number): Promise<number> {
    const found = await this.frame("GOAWAY", (each) => each.type === type.goAway);
    assert.equal(number(found.payload.slice(4, 8)), errorCode);
    await this.raw.ended();
    return number(found.payload.slice(0, 4));
  }

  /** The connection still answers. */
  async expectAlive(): Promise<void> {
    this.send(ping("stillok?"));
    const found = await this.frame("an answered PING", (each) => {
      return each.type === type.goAway || (each.type === type.ping && each.payload === "stillok?");
    });
    assert.equal(found.type, type.ping, `the connection was ended: ${JSON.stringify(found.payload)}`);
  }

  #take(): void {
    const { received } = this.raw;
    while (received.length - this.#cut >= 9) {
      const length = number(received.slice(this.#cut, this.#cut + 3));
      const end = this.#cut + 9 + length;
      if (received.length < end) return;
      const at = (offset: number): number => received.charCodeAt(this.#cut + offset);
      const streamId = number(received.slice(this.#cut + 5, this.#cut + 9));
      const taken = { type: at(3), flags: at(4), streamId, payload: received.slice(this.#cut + 9, end) };
      this.#cut = end;
      if (taken.type === type.headers) this.#decode(taken);
      this.frames.push(taken);
    }
  }

  #decode(headers: Frame): void {
    assert.equal(headers.flags & endHeaders, endHeaders, "header blocks of tests fit into one frame");
    const bytes = Buffer.from(headers.payload, "latin1");
    assert.equal(this.#decoder.decode(bytes, 0, bytes.length), "read");
    this.#fields.set(headers, new Map(this.#decoder.fields.map(({ name, value }) => [name, value])));
  }
}

/** Connects and greets; `greeting` in place of the preface and empty SETTINGS. */
export async function connectFrames(
  port: number,
  greeting = clientPreface + settings(),
): Promise<FrameClient> {
  const client = new FrameClient(await connectRaw(port));
  client.send(greeting);
  return client;
}
