import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStream } from "../../test/support/memory-stream.ts";
import { BodyWriter } from "./body-writer.ts";

const head = "HTTP/1.1 200 OK\r\n\r\n";

function source(isReadBufferShared: boolean): {
  isReadBufferShared: boolean;
  replaceReadBuffer(): void;
  kept: number;
} {
  return {
    isReadBufferShared,
    kept: 0,
    replaceReadBuffer() {
      this.kept++;
    },
  };
}

test("head, small body and end leave in one write", () => {
  const stream = new MemoryStream();
  const writer = new BodyWriter(stream);
  writer.begin(head, "length");
  writer.write(source(true), Buffer.from("xhellox"), 1, 6);
  assert.deepEqual(stream.writes, []);
  writer.end("");
  assert.deepEqual(stream.writes, [`${head}hello`]);
});

test("chunks are framed, trailers stand behind the last one", () => {
  const stream = new MemoryStream();
  const writer = new BodyWriter(stream);
  writer.begin(head, "chunked");
  writer.write(source(true), Buffer.from("hello, world"), 0, 12);
  writer.write(source(true), Buffer.from("x"), 0, 0);
  writer.write(source(true), Buffer.from("!"), 0, 1);
  writer.end("X: y\r\n");
  assert.equal(stream.written, `${head}c\r\nhello, world\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n`);
});

test("trailers of a body with a length are dropped, and so is a body where there is none", () => {
  const stream = new MemoryStream();
  const writer = new BodyWriter(stream);
  writer.begin("a", "length");
  writer.end("X: y\r\n");
  writer.begin("b", "none");
  writer.write(source(false), Buffer.from("body"), 0, 4);
  writer.end("X: y\r\n");
  assert.equal(stream.written, "ab");
});

test("a large span of private memory is written as it is; its owner hears when it was kept", () => {
  const stream = new MemoryStream();
  const writer = new BodyWriter(stream);
  const lender = source(false);
  const bytes = Buffer.alloc(20_000, "x");
  writer.begin(head, "chunked");
  writer.write(lender, bytes, 0, bytes.length);
  assert.equal(lender.kept, 0);
  stream.isStuck = true;
  writer.write(lender, bytes, 0, bytes.length);
  assert.equal(lender.kept, 1);
  writer.end("");
  assert.equal(
    stream.written,
    `${head}4e20\r\n${"x".repeat(20_000)}\r\n4e20\r\n${"x".repeat(20_000)}\r\n0\r\n\r\n`,
  );
});

test("a large span of shared memory is copied before it may be overwritten", () => {
  const given: Uint8Array[] = [];
  const writer = new BodyWriter({ writeText() {}, writeBytes: (bytes) => given.push(bytes) < 0 });
  const lender = source(true);
  const bytes = Buffer.alloc(40_000, "x");
  writer.begin("", "length");
  writer.write(lender, bytes, 0, bytes.length);
  bytes.fill("y");
  assert.equal(Buffer.concat(given).toString(), "x".repeat(40_000));
  assert.equal(lender.kept, 0);
});

test("what is held back stays small", () => {
  const stream = new MemoryStream();
  const writer = new BodyWriter(stream);
  writer.begin("", "length");
  for (let i = 0; i < 100; i++) writer.write(source(false), Buffer.alloc(1000, "x"), 0, 1000);
  assert.ok(stream.written.length >= 100_000 - 17_000, `${stream.written.length} written`);
});
