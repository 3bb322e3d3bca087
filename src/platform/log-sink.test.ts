import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileLineSink, stdoutLineSink, udpLineSink, type WholeLineSink } from "./log-sink.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-log-"));
after(() => rmSync(folder, { recursive: true }));

function written(sink: WholeLineSink, lines: string): Promise<Error | null> {
  return new Promise((resolve) => sink.write(Buffer.from(lines), resolve));
}

test("lines are appended to what the file has, as UTF-8", async () => {
  const path = join(folder, "append.log");
  for (const line of ["first\n", "zweite ü\n"]) {
    const sink = fileLineSink(path);
    assert.equal(await written(sink, line), null);
    sink.close();
  }
  assert.equal(readFileSync(path, "utf8"), "first\nzweite ü\n");
  assert.equal(statSync(path).mode & 0o007, 0);
});

test("after a rotation the old file keeps what it has and a new one of the name begins", async () => {
  const path = join(folder, "rotated.log");
  const sink = fileLineSink(path);
  await written(sink, "one\n");
  renameSync(path, `${path}.1`);
  await written(sink, "still the old file\n");
  sink.reopen();
  await written(sink, "two\n");
  sink.close();
  assert.equal(readFileSync(`${path}.1`, "utf8"), "one\nstill the old file\n");
  assert.equal(readFileSync(path, "utf8"), "two\n");
});

test("a file that cannot be opened fails the write, and the next one tries again", async () => {
  const missing = join(folder, "missing");
  const sink = fileLineSink(join(missing, "a.log"));
  assert.match(String(await written(sink, "lost\n")), /ENOENT/);
  execFileSync("mkdir", [missing]);
  assert.equal(await written(sink, "kept\n"), null);
  sink.close();
  assert.equal(readFileSync(join(missing, "a.log"), "utf8"), "kept\n");
});

test("two sinks on one pipe that is read slowly mix lines but never within one", async () => {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const sinks = [fileLineSink(path), fileLineSink(path)];
  const lineOf = (sink: number): string => `${String(sink).repeat(99)}\n`;
  // Together three times what a pipe holds.
  const writes = Promise.all(sinks.map((sink, index) => written(sink, lineOf(index).repeat(1000))));
  let isOver = false;
  void writes.then(() => (isOver = true));
  let text = "";
  const chunk = Buffer.alloc(10_000);
  while (!isOver || text.length < 200_000) {
    await new Promise(setImmediate);
    try {
      text += chunk.toString("latin1", 0, readSync(reader, chunk));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
    }
  }
  closeSync(reader);
  for (const sink of sinks) sink.close();
  assert.deepEqual(await writes, [null, null]);
  const lines = text.split("\n").filter((line) => line !== "");
  assert.equal(lines.length, 2000);
  assert.ok(lines.every((line) => line === "0".repeat(99) || line === "1".repeat(99)));
});

test("an open descriptor is written to and left open", async () => {
  const path = join(folder, "descriptor.log");
  const fd = openSync(path, "w");
  const sink = stdoutLineSink(fd);
  assert.equal(await written(sink, "a\n"), null);
  sink.reopen();
  assert.equal(await written(sink, "b\n"), null);
  sink.close();
  closeSync(fd);
  assert.equal(readFileSync(path, "utf8"), "a\nb\n");
});

test("a syslog receiver whose name is unknown costs the lines, and nothing else", async () => {
  const sink = udpLineSink("receiver.invalid", 514);
  for (let round = 0; round < 2; round++) {
    const error = await written(sink, "a line\n");
    assert.match(String(error), /receiver\.invalid/);
  }
  sink.close();
});

test("each line is a datagram of its own; a message too long is cut", async () => {
  const server = createSocket("udp4").bind(0, "127.0.0.1");
  await once(server, "listening");
  const received: string[] = [];
  const isEnough = new Promise<void>((resolve) => {
    server.on("message", (message) => {
      received.push(message.toString());
      if (received.length === 3) resolve();
    });
  });
  const sink = udpLineSink("127.0.0.1", server.address().port);
  assert.equal(await written(sink, "one\ntwo\n"), null);
  assert.equal(await written(sink, `${"x".repeat(20_000)}\n`), null);
  await isEnough;
  sink.close();
  server.close();
  assert.deepEqual(received.slice(0, 2), ["one", "two"]);
  assert.equal(received[2]?.length, 8192);
});
