/**
 * A final response over HTTP/2 while the request still flows (RFC 9113 §8.1): the client gets to read it, what it
 * still sends is thrown away within bounds, and curl takes the answer for what it is.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import {
  code,
  connectFrames,
  data,
  endStream,
  get,
  post,
  reset,
  type,
  window,
} from "../support/frame-client.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { missing } from "../support/peer-program.ts";
import type { OriginOptions } from "../support/raw-origin.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Answers as soon as anything comes, and reads no further. */
function hasty(answer: string): { readonly behaviours: readonly OriginOptions[] } {
  const onBytes: OriginOptions["onBytes"] = (connection) => {
    if (connection.socket.isPaused()) return;
    connection.socket.pause();
    if (/^content-length/im.test(answer)) connection.write(answer);
    else connection.end(answer);
  };
  return { behaviours: [{ isReadingRequests: false, onBytes }] };
}

const head = "Connection: close\r\n";
const refusal = `HTTP/1.1 413 Content Too Large\r\n${head}Content-Length: 2\r\n\r\nno`;
const welcome = `HTTP/1.1 200 OK\r\n${head}Content-Length: 2\r\n\r\nok`;

async function answered(rig: Rig): ReturnType<typeof connectFrames> {
  const client = await connectFrames(rig.proxy.port);
  client.send(post(1), data(1, "some of it"));
  assert.equal(await client.body(1), "no");
  return client;
}

function resetsOf(client: Awaited<ReturnType<typeof answered>>): number {
  return client.frames.filter((each) => each.type === type.reset).length;
}

test("a client that goes on sending is not reset, and its end ends the stream", async () => {
  await using rig = await startRig(hasty(refusal));
  const client = await answered(rig);
  // Far more than a window's worth: it is opened again and again.
  for (let sent = 0; sent < 2_000_000; sent += 16_000) {
    client.send(data(1, "x".repeat(16_000)));
    if (sent % 160_000 === 0) await client.expectAlive();
  }
  client.send(data(1, "", endStream));
  await client.expectAlive();
  assert.equal(resetsOf(client), 0);
  // The connection serves on: the stream was closed, and is none of the two.
  client.send(get(3));
  assert.equal(await client.body(3), "no");
  client.raw.destroy();
});

test("the end of a thrown away body is acknowledged by some frame: curl waits for one", async () => {
  await using rig = await startRig(hasty(refusal));
  const client = await answered(rig);
  const before = client.frames.length;
  client.send(data(1, "", endStream));
  const frame = await client.frame("a frame", (each) => client.frames.indexOf(each) >= before);
  assert.equal(frame.type, type.ping);
  client.raw.destroy();
});

test("a client that falls silent, or goes on for too long, is asked to stop", async () => {
  const clock = new VirtualClock();
  await using rig = await startRig({ ...hasty(refusal), clock });
  const silent = await answered(rig);
  clock.advance(4000);
  await silent.expectAlive();
  assert.equal(resetsOf(silent), 0);
  clock.advance(2000);
  await silent.expectReset(1, code.none);
  silent.raw.destroy();

  const endless = await answered(rig);
  for (let seconds = 0; seconds < 28; seconds += 4) {
    endless.send(data(1, "more"));
    await endless.expectAlive();
    clock.advance(4000);
    assert.equal(resetsOf(endless), 0);
  }
  endless.send(data(1, "more"));
  clock.advance(4000);
  await endless.expectReset(1, code.none);
  // What was under way then is no fault.
  endless.send(data(1, "late"));
  await endless.expectAlive();
  endless.raw.destroy();
});

test("a client that takes the rest back leaves nothing behind", async () => {
  const clock = new VirtualClock();
  await using rig = await startRig({ ...hasty(refusal), clock });
  const client = await answered(rig);
  client.send(reset(1), window(0, 1000));
  await client.expectAlive();
  client.raw.destroy();
});

test("an upload that ends short of its length once the response has begun is whole for nobody", async () => {
  const begun = refusal.slice(0, -1);
  await using rig = await startRig(hasty(begun));
  const client = await connectFrames(rig.proxy.port);
  client.send(post(1, [["content-length", "100"]]), data(1, "some of it"));
  assert.equal(await client.status(1), 413);
  client.send(data(1, "", endStream));
  await client.expectAlive();
  rig.origin.connections[0]?.write("o");
  assert.equal(await client.body(1), "no");
  assert.equal(resetsOf(client), 0);
  assert.equal((await rig.proxy.record()).status, 413);
  client.raw.destroy();
});

test("a head that is refused outside any exchange is answered so, too", async () => {
  await using rig = await startRig({ listener: { limits: { headerCount: 5 } } });
  const client = await connectFrames(rig.proxy.port);
  client.send(
    post(
      1,
      Array.from({ length: 9 }, (_, at) => [`x-${at}`, "y"] as const),
    ),
  );
  assert.equal(await client.status(1), 431);
  client.send(data(1, "body"), data(1, "", endStream));
  await client.expectAlive();
  assert.equal(resetsOf(client), 0);
  client.raw.destroy();
});

async function upload(file: string, port: number, version: string): Promise<string> {
  const args = ["-sS", version, "-H", "Expect:", "-T", file, "-o", "/dev/null", "--max-time", "10"];
  const child = spawn("curl", [...args, "-w", "%{http_code}", `http://127.0.0.1:${port}/`]);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [exitCode] = (await once(child, "close")) as [number];
  return `${output}, exit ${exitCode}`;
}

const withoutLength = (answer: string): string => answer.replace(/^Content-Length.*\r\n/im, "");

test(
  "curl uploads 4 MB and takes the early answer",
  { skip: missing("curl"), timeout: 120_000 },
  async () => {
    using folder = new CertificateFolder();
    const file = folder.write("body", "x".repeat(4_000_000));
    for (const answer of [refusal, withoutLength(refusal), welcome, withoutLength(welcome)]) {
      await using rig = await startRig(hasty(answer));
      for (const version of [...Array.from({ length: 4 }, () => "--http2-prior-knowledge"), "--http1.1"])
        assert.equal(await upload(file, rig.proxy.port, version), `${answer.slice(9, 12)}, exit 0`, answer);
    }
    await using small = await startRig({ listener: { limits: { bodyBytes: 1000 } } });
    assert.equal(await upload(file, small.proxy.port, "--http2-prior-knowledge"), "413, exit 0");
  },
);
