/** Request heads: any split gives the same head or the same refusal, whatever the octets; nothing throws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { HeadReader } from "../../src/http1/head-reader.ts";
import { anyRequest } from "../support/arbitrary-requests.ts";
import { anyCuts, anyHarms, anyNoise, cut, fuzzSettings, harmed, singly } from "../support/fuzz.ts";

const limits = { headBytesMax: 400, headerCountMax: 8, targetBytesMax: 20 };

/** All heads of a connection in a row, bodies aside, until one is refused. */
function readHeads(reader: HeadReader, pieces: readonly string[]): unknown[] {
  const outcomes: unknown[] = [];
  for (const piece of pieces) {
    const buffer = Buffer.from(`\r\n\r\n${piece}\r\n\r\n`, "latin1");
    const end = 4 + piece.length;
    for (let pos = 4; pos < end;) {
      const next = reader.read(buffer, pos, end);
      if (reader.fault !== null) return [...outcomes, "refused"];
      assert.ok(next > pos && next <= end, "it goes on inside the piece");
      if (reader.head !== null) {
        const { method, target, versionMinor, host, fields, body, isKeepAlive } = reader.head;
        outcomes.push({
          method,
          target,
          versionMinor,
          host,
          lines: fields.forwardable,
          section: fields.section,
          body,
          isKeepAlive,
        });
      }
      pos = next;
    }
  }
  return outcomes;
}

/**
 * Garbage without an end is refused early when it comes whole, and later, or by the timeout, when it
 * trickles in: compare only what a complete head follows.
 */
const completion = "\r\n\r\n".repeat(6);

function agreesWithWhole(text: string, cuts: readonly number[]): void {
  const whole = readHeads(new HeadReader(limits), [text + completion]);
  assert.deepEqual(readHeads(new HeadReader(limits), cut(text + completion, cuts)), whole);
  assert.deepEqual(readHeads(new HeadReader(limits), singly(text + completion)), whole);
}

test("valid heads are read alike, however they are split", () => {
  fc.assert(
    fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 3 }), anyCuts, (requests, cuts) => {
      const heads = requests.map(({ wire }) => wire.slice(0, wire.indexOf("\r\n\r\n") + 4)).join("");
      agreesWithWhole(heads, cuts);
    }),
    fuzzSettings(1500),
  );
});

test("harmed heads are read or refused alike, however they are split", () => {
  fc.assert(
    fc.property(anyRequest, anyHarms, anyCuts, ({ wire }, harms, cuts) => {
      agreesWithWhole(harmed(wire.slice(0, wire.indexOf("\r\n\r\n") + 4), harms), cuts);
    }),
    fuzzSettings(3000),
  );
});

test("noise is refused alike, however it is split", () => {
  fc.assert(
    fc.property(anyNoise, anyCuts, (noise, cuts) => agreesWithWhole(noise, cuts)),
    fuzzSettings(3000),
  );
});

test("targets and heads at their limits are judged alike, however they are split", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 16, max: 24 }),
      fc.integer({ min: 340, max: 380 }),
      anyCuts,
      (targetBytes, valueBytes, cuts) => {
        agreesWithWhole(`GET /${"t".repeat(targetBytes)} HTTP/1.1\r\nHost: a\r\n\r\n`, cuts);
        agreesWithWhole(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"v".repeat(valueBytes)}\r\n\r\n`, cuts);
      },
    ),
    fuzzSettings(1000),
  );
});

test("what is accepted can be told from its parts", () => {
  fc.assert(
    fc.property(anyRequest, ({ wire, method, target, host, lines }) => {
      const reader = new HeadReader({ headBytesMax: 10_000, headerCountMax: 100, targetBytesMax: 1000 });
      const buffer = Buffer.from(wire, "latin1");
      reader.read(buffer, 0, buffer.length);
      assert.equal(reader.fault, null);
      assert.equal(reader.head?.method, method);
      assert.equal(reader.head?.target, target);
      assert.equal(reader.head?.host, host);
      assert.equal(reader.head?.fields.forwardable, lines.map((line) => `${line}\r\n`).join(""));
    }),
    fuzzSettings(1000),
  );
});
