import assert from "node:assert/strict";
import { test } from "node:test";
import { ChunkedDecoder } from "./chunked.ts";

function decode(
  text: string,
  trailerBytesMax = 100,
): { decoder: ChunkedDecoder; body: string; stop: number } {
  const decoder = new ChunkedDecoder(trailerBytesMax);
  const buffer = Buffer.from(text, "latin1");
  let body = "";
  const stop = decoder.decode(buffer, 0, buffer.length, {
    onBody: (bytes, start, end) => void (body += bytes.toString("latin1", start, end)),
  });
  return { decoder, body, stop };
}

test("data is handed out as spans of the caller's buffer, without a copy", () => {
  const buffer = Buffer.from("3\r\nabc\r\n0\r\n\r\n");
  const spans: number[][] = [];
  new ChunkedDecoder(100).decode(buffer, 0, buffer.length, {
    onBody(bytes, start, end) {
      assert.equal(bytes, buffer);
      spans.push([start, end]);
    },
  });
  assert.deepEqual(spans, [[3, 6]]);
});

test("it stops where the body stops", () => {
  const text = "3\r\nabc\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1";
  const { decoder, body, stop } = decode(text);
  assert.equal(decoder.isDone, true);
  assert.equal(body, "abc");
  assert.equal(decoder.trailers, "X: y\r\n");
  assert.equal(text.slice(stop), "GET / HTTP/1.1");
});

test("trailers that frame, route or authenticate are left out", () => {
  const lines = [
    "Host: x",
    "X: 1",
    "content-LENGTH: 5",
    "Authorization: x",
    "Y: 2",
    "X-Forwarded-For: 1.1.1.1",
  ];
  const { decoder } = decode(`0\r\n${lines.join("\r\n")}\r\n\r\n`, 1000);
  assert.equal(decoder.trailers, "X: 1\r\nY: 2\r\n");
});

test("what breaks the grammar breaks the body", () => {
  const broken = [
    "\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1 1\r\n", "1\n", "1\rx", "1;a\n", "1;\0\r\n", "1\r\nab", "1\r\na\n",
    "0\r\nX\r\n\r\n", "0\r\nX : y\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX: y\nZ: z\r\n\r\n",
  ]; // prettier-ignore
  for (const text of broken) assert.equal(decode(text).decoder.isBroken, true, JSON.stringify(text));
});

test("sizes are safe integers: thirteen digits pass, one more does not", () => {
  assert.equal(decode("fffffffffffff\r\nx").decoder.isBroken, false);
  assert.equal(decode("10000000000000\r\nx").decoder.isBroken, true);
  assert.equal(decode("00000000000000\r\nx").decoder.isBroken, true);
});

test("extensions are bounded over the whole body", () => {
  const chunk = (bytes: number): string => `1;${"x".repeat(bytes)}\r\na\r\n`;
  assert.equal(decode(chunk(16_000)).decoder.isBroken, false);
  assert.equal(decode(chunk(17_000)).decoder.isBroken, true);
  assert.equal(decode(chunk(1000).repeat(20)).decoder.isBroken, true);
  assert.equal(decode(`1${" ".repeat(17_000)}\r\na`).decoder.isBroken, true);
});

test("trailers are bounded in bytes, whether or not they end", () => {
  assert.equal(decode(`0\r\nX: ${"y".repeat(90)}\r\n\r\n`).decoder.isDone, true);
  assert.equal(decode(`0\r\nX: ${"y".repeat(200)}\r\n\r\n`).decoder.isBroken, true);
  assert.equal(decode(`0\r\nX: ${"y".repeat(200)}`).decoder.isBroken, true);
});
