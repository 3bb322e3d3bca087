/**
 * What an attacker can make one session hold, in octets: each attack is given all the rope the limits on conduct would
 * cut, so that memory is bounded by itself. The peer's socket is one in memory that may take nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  block,
  clientPreface,
  data,
  endHeaders,
  endStream,
  frame,
  get,
  getFields,
  octets,
  ping,
  post,
  reset,
  settings,
  type,
  window,
} from "../../test/support/frame-client.ts";
import { MemoryStream } from "../../test/support/memory-stream.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { Deadlines } from "../core/deadlines.ts";
import type { SessionLimits } from "./session-limits.ts";
import type { SessionOwner } from "./session-owner.ts";
import { Http2Session } from "./session.ts";
import type { Http2Stream, Http2StreamHandler } from "./stream.ts";

const limits: SessionLimits = {
  headerListBytesMax: 20_000,
  headerBlockBytesMax: 16_384,
  peerStreamsMax: 100,
  streamWindow: 65_535,
  connectionWindow: 65_535,
  resetsPerSecond: 1e9,
  framesPerSecond: 1e9,
  frameTimeoutMs: 5000,
  stallTimeoutMs: 5000,
};
const frameMax = 16_384 + 9;
/** Frames that wait as text, and blocks of data that wait for the socket. */
const writerMax = 16_384 + 3 * 32_768;
const kilobytes16 = Buffer.alloc(16_384);

/** Answers as the proxy does: what an endpoint sends is taken until 64 KiB wait. */
class Responder implements Http2StreamHandler {
  readonly #stream: Http2Stream;
  #left: number;

  constructor(stream: Http2Stream, bodyBytes: number) {
    this.#stream = stream;
    this.#left = bodyBytes;
    stream.sendHeaders("\x88", false);
    this.onDrain();
    stream.flush();
  }

  onDrain(): void {
    while (this.#left > 0 && this.#stream.backlog <= 65_536) {
      this.#left -= kilobytes16.length;
      this.#stream.sendData(kilobytes16, 0, kilobytes16.length);
    }
    if (this.#left <= 0) this.#stream.sendEnd("");
  }

  onHeaders(): void {}
  onHeadersTooLarge(): void {}
  onData(): void {}
  onEnd(): void {}
  onFlush(): void {}
  onReset(): void {}
}

class Attack implements SessionOwner {
  readonly socket = new MemoryStream();
  readonly clock = new VirtualClock();
  readonly session: Http2Session;
  /** The most octets that were held at once, in the session and for the socket. */
  peakBytes = 0;
  peakStreams = 0;
  closedFor: string | null = "";
  readonly #bodyBytes: number;

  constructor(bodyBytes = 0) {
    this.#bodyBytes = bodyBytes;
    this.session = new Http2Session(this.socket, true, limits, this, new Deadlines(this.clock));
  }

  /** Sends as long as it is read, 16 KiB at a time. */
  send(text: string): void {
    for (
      let start = 0;
      start < text.length && !this.socket.isPaused && !this.socket.isEnded;
      start += 16_384
    ) {
      this.socket.receive(text.slice(start, start + 16_384));
      this.peakBytes = Math.max(this.peakBytes, this.session.heldBytes + this.socket.writeBacklog);
      this.peakStreams = Math.max(this.peakStreams, this.session.openStreams);
    }
  }

  onRequest(stream: Http2Stream): void {
    if (this.#bodyBytes > 0) stream.handler = new Responder(stream, this.#bodyBytes);
  }
  onRequestTooLarge(): void {}
  onPeerSettings(): void {}
  onGoAway(): void {}
  onQuiet(): void {}
  onStreamClosed(): void {}
  onClosed(reason: string | null): void {
    this.closedFor = reason;
  }
}

const repeat = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join("");
const requests = (count: number): string => repeat(count, (index) => get(index * 2 + 1));

function atMost(actual: number, most: number): void {
  assert.ok(actual <= most, `${actual} octets were held, ${most} are allowed`);
}

function begin(bodyBytes = 0, ...pairs: readonly (readonly [number, number])[]): Attack {
  const attack = new Attack(bodyBytes);
  attack.send(clientPreface + settings(...pairs));
  return attack;
}

test("a header block without end is kept up to its limit", () => {
  const attack = begin();
  const piece = frame(type.continuation, 0, 1, "\x00".repeat(16_000));
  attack.send(frame(type.headers, endStream, 1, block(getFields)) + piece.repeat(100));
  assert.ok(attack.socket.isEnded);
  atMost(attack.peakBytes, limits.headerBlockBytesMax + frameMax);
});

test("a frame larger than any that is allowed is not waited for", () => {
  const attack = begin();
  attack.send(octets(0xff_ffff, 3) + octets(200, 1) + "\0".repeat(2_000_000));
  assert.ok(attack.socket.isEnded);
  atMost(attack.peakBytes, frameMax);
});

test("a frame that is cut off is kept as far as it came", () => {
  const attack = begin();
  attack.send(frame(200, 0, 0, "x".repeat(16_384)).slice(0, -1));
  atMost(attack.peakBytes, frameMax);
  attack.clock.advance(limits.frameTimeoutMs + 200);
  assert.ok(attack.socket.isEnded, "nor is it waited for without end");
});

test("the peer's table keeps 4 KiB, whatever is put into it", () => {
  const attack = begin();
  const large = (index: number): string =>
    `\x40\x04x${String(index).padStart(3, "0")}\x7f\x81\x06${"y".repeat(127 + 1 + 6 * 128)}`;
  attack.send(repeat(900, (index) => frame(type.headers, 5, index * 2 + 1, block(getFields) + large(index))));
  assert.equal(attack.socket.isEnded, false);
  atMost(attack.session.heldBytes, 4096 + 2000);
  // A table of 1 MiB is refused.
  attack.send(frame(type.headers, 5, 2001, `\x3f\xe1\xff\x3f${block(getFields)}`));
  assert.ok(attack.socket.isEnded);
});

test("a block of references unfolds to no more than the list's limit", () => {
  const attack = begin();
  const field = `\x40\x01x\x7f\x81\x1e${"y".repeat(127 + 1 + 30 * 128)}`;
  attack.send(frame(type.headers, endStream + endHeaders, 1, block(getFields) + field));
  attack.send(frame(type.headers, endStream + endHeaders, 3, block(getFields) + "\xbe".repeat(10_000)));
  assert.equal(attack.socket.isEnded, false);
  atMost(attack.peakBytes, 4096 + limits.headerListBytesMax);
});

for (const [name, piece] of [
  ["PING", ping()],
  ["SETTINGS", settings()],
] as const) {
  test(`a flood of ${name} from a client that does not read is not read either, and ends`, () => {
    const attack = begin();
    attack.socket.isStuck = true;
    attack.send(piece.repeat(1_000_000 / piece.length));
    assert.ok(attack.socket.isPaused);
    atMost(attack.peakBytes, 256 * 1024 + writerMax);
    attack.clock.advance(limits.stallTimeoutMs + 200);
    assert.equal(attack.closedFor, "the peer does not read");
  });
}

for (const [name, frames] of [
  ["PRIORITY", frame(type.priority, 0, 1, octets(0, 5)).repeat(50_000)],
  ["PRIORITY_UPDATE", frame(16, 0, 0, `${octets(1, 4)}u=1,i`).repeat(50_000)],
  ["empty DATA", post(1) + data(1, "").repeat(50_000)],
  ["empty HEADERS", repeat(5000, (index) => frame(type.headers, 5, index * 2 + 1) + reset(index * 2 + 1))],
  ["small windows", post(1) + window(1, 1).repeat(50_000)],
] as const) {
  test(`a flood of ${name} leaves nothing behind`, () => {
    const attack = begin();
    attack.send(frames);
    assert.equal(attack.socket.isEnded, false);
    atMost(attack.peakBytes, 1024);
  });
}

test("requests that are taken back leave nothing behind, although their responses wait", () => {
  const attack = begin(64 * 1024, [4, 0]);
  attack.send(repeat(20_000, (index) => get(index * 2 + 1) + reset(index * 2 + 1)));
  assert.equal(attack.socket.isEnded, false);
  assert.equal(attack.session.openStreams, 0);
  // One may be there still when a read ends.
  atMost(attack.peakBytes, 64 * 1024 + kilobytes16.length + writerMax);
});

test("streams beyond the limit are refused and forgotten", () => {
  const attack = begin();
  attack.send(requests(20_000));
  assert.equal(attack.socket.isEnded, false);
  assert.equal(attack.peakStreams, limits.peerStreamsMax);
  atMost(attack.peakBytes, 1024);
});

/** All streams together may wait with 1 MiB; beyond it each has what one read of its endpoint brought. */
const responsesMax = 1024 * 1024 + limits.peerStreamsMax * (kilobytes16.length + 1024);

test("windows of 0 keep many large responses from being held", () => {
  const attack = begin(5_000_000, [4, 0]);
  attack.send(requests(limits.peerStreamsMax));
  assert.equal(attack.session.openStreams, limits.peerStreamsMax);
  atMost(attack.peakBytes, responsesMax + writerMax);
});

test("windows that are opened octet by octet keep many large responses from being held", () => {
  const attack = begin(5_000_000, [4, 1]);
  attack.send(requests(limits.peerStreamsMax));
  for (let round = 0; round < 20; round++)
    attack.send(repeat(limits.peerStreamsMax, (index) => window(index * 2 + 1, 1)));
  assert.equal(attack.session.openStreams, limits.peerStreamsMax);
  atMost(attack.peakBytes, responsesMax + writerMax);
});

test("a client that opens every window and reads nothing keeps little waiting", () => {
  const attack = begin(5_000_000, [4, 2 ** 31 - 1]);
  attack.socket.isStuck = true;
  attack.send(window(0, 2 ** 30) + requests(limits.peerStreamsMax));
  atMost(attack.peakBytes, responsesMax + 64 * 1024 + writerMax);
});
