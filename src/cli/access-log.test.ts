import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, watch } from "node:fs";
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { RunningCommand } from "../../test/support/command.ts";

type Line = Readonly<Record<string, unknown>>;

const modes = [
  { name: "in the main thread", workers: "0" },
  { name: "with two workers", workers: "2" },
] as const;

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function startOrigin(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    // One path is never answered, so that a client can leave.
    if (request.url !== "/slow") response.end("hello");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Accepts, so that probes are content, and hangs up on whoever says something. */
async function startCrashingOrigin(t: TestContext): Promise<string> {
  const server = createTcpServer((socket) => socket.on("error", () => {}).on("data", () => socket.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function start(
  t: TestContext,
  args: readonly string[],
): Promise<{ command: RunningCommand; port: number }> {
  const command = new RunningCommand([...args, "--port", "0", "--bind", "127.0.0.1"]);
  t.after(() => command.dispose());
  const port = (await command.until(/"address":"[^"]*:(\d+)"[^\n]*"message":"listening"/))[1];
  return { command, port: Number(port) };
}

async function get(port: number, path: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    // A connection each, so that several workers get some.
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
    await response.text();
  }
}

/** Sends bytes on a connection of their own and resolves with all that comes back. */
async function exchangeBytes(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  let answer = "";
  socket.on("data", (text: string) => (answer += text));
  socket.end(bytes);
  await once(socket, "close");
  return answer;
}

function linesIn(path: string): readonly Line[] {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  assert.ok(text === "" || text.endsWith("\n"), "the file ends with a whole line");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

/** Once the file has so many lines. */
async function lines(folder: string, name: string, count: number): Promise<readonly Line[]> {
  const path = join(folder, name);
  const whole = (): readonly Line[] | null => {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    return text.split("\n").length > count ? linesIn(path) : null;
  };
  const changes = watch(folder);
  try {
    for (const giveUp = AbortSignal.timeout(20_000); ;) {
      const found = whole();
      if (found !== null) return found;
      await once(changes, "change", { signal: giveUp });
    }
  } finally {
    changes.close();
  }
}

for (const { name, workers } of modes) {
  test(`what was answered, refused and tried stands in the access log (${name})`, async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "access.log");
    const [origin, crashing] = [await startOrigin(t), await startCrashingOrigin(t)];
    const { command, port } = await start(t, [
      ...["--backends", `${crashing},${origin}`, "--workers", workers],
      ...["--access-log", path],
    ]);
    await get(port, "/page?x=1", 8);
    assert.match(await exchangeBytes(port, "GET / HTTP/1.1\r\n\r\n"), /400/);
    assert.match(
      await exchangeBytes(port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(70_000)}\r\n\r\n`),
      /431/,
    );
    const leaving = connect(port, "127.0.0.1", () => leaving.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
    // The endpoint has it once the balancer's connection to it is in use; then the client goes.
    await get(port, "/last");
    leaving.destroy();
    await lines(folder, "access.log", 12);
    command.process.kill("SIGTERM");
    assert.equal(await command.exited, 0);

    const all = linesIn(path);
    const pages = all.filter((line) => line["target"] === "/page?x=1");
    assert.deepEqual(
      pages.map((line) => [line["method"], line["status"], line["bytesOut"]]),
      Array.from({ length: 8 }, () => ["GET", 200, 5]),
    );
    const retried = pages.flatMap((line) => (line["failedAttempts"] ?? []) as readonly Line[]);
    assert.ok(retried.length > 0, "the endpoint that hangs up was tried");
    for (const attempt of retried) {
      assert.deepEqual([attempt["endpoint"], attempt["cause"]], [crashing.slice(7), "reset-before-head"]);
    }
    assert.deepEqual(
      all
        .filter((line) => line["target"] === "")
        .map((line) => [line["status"], line["cause"]])
        .sort((a, b) => String(a).localeCompare(String(b))),
      [
        [400, "bad-host"],
        [431, "head-too-large"],
      ],
    );
    const left = all.filter((line) => line["target"] === "/slow");
    assert.deepEqual(
      left.map((line) => [line["status"], line["cause"]]),
      [[499, "client-gone"]],
    );
  });

  test(`SIGUSR1 opens the file again under its name, and no line is lost (${name})`, async (t) => {
    const folder = temporaryFolder(t);
    const origin = await startOrigin(t);
    const args = ["--backends", origin, "--workers", workers, "--access-log", join(folder, "access.log")];
    const { command, port } = await start(t, args);
    await get(port, "/before", 6);
    await lines(folder, "access.log", 6);
    renameSync(join(folder, "access.log"), join(folder, "access.log.1"));
    command.process.kill("SIGUSR1");
    await command.until(/opened again/);
    await get(port, "/after", 6);
    await lines(folder, "access.log", 1);
    command.process.kill("SIGTERM");
    assert.equal(await command.exited, 0);
    const [before, after] = [linesIn(join(folder, "access.log.1")), linesIn(join(folder, "access.log"))];
    assert.equal(before.length + after.length, 12);
    assert.equal(before.filter((line) => line["target"] === "/before").length, 6);
    assert.ok(after.every((line) => line["target"] === "/after"));
  });

  test(`what is still held when it is stopped is written (${name})`, async (t) => {
    const folder = temporaryFolder(t);
    const origin = await startOrigin(t);
    const path = join(folder, "access.log");
    const { command, port } = await start(t, [
      "--backends",
      origin,
      "--workers",
      workers,
      "--access-log",
      path,
    ]);
    await get(port, "/", 5);
    command.process.kill("SIGTERM");
    assert.equal(await command.exited, 0);
    assert.equal(linesIn(path).length, 5);
  });

  test(`stdout can be the access log, and a reader that goes away stops nothing (${name})`, async (t) => {
    const origin = await startOrigin(t);
    const args = ["--backends", origin, "--workers", workers, "--access-log", "stdout"];
    const { command, port } = await start(t, args);
    await get(port, "/one");
    await command.until(/"target":"\/one"/);
    command.process.stdout?.destroy();
    await get(port, "/two", 20);
    assert.equal((await fetch(`http://127.0.0.1:${port}/three`)).status, 200);
    command.process.kill("SIGTERM");
    assert.equal(await command.exited, 0);
  });
}

test(
  "a full disk stops no request",
  { skip: existsSync("/dev/full") ? false : "no /dev/full" },
  async (t) => {
    const origin = await startOrigin(t);
    const { command, port } = await start(t, [
      "--backends",
      origin,
      "--workers",
      "0",
      "--access-log",
      "/dev/full",
    ]);
    await get(port, "/", 10);
    await command.until(/"lost":[1-9][^\n]*ENOSPC[^\n]*"access log loses lines"/);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    command.process.kill("SIGTERM");
    assert.equal(await command.exited, 0);
  },
);

test("lines of several workers written at once do not mix", async (t) => {
  const folder = temporaryFolder(t);
  const origin = await startOrigin(t);
  const path = join(folder, "access.log");
  const { command, port } = await start(t, ["--backends", origin, "--workers", "2", "--access-log", path]);
  const clients = Array.from({ length: 8 }, async () => get(port, `/${"y".repeat(2000)}`, 40));
  await Promise.all(clients);
  command.process.kill("SIGTERM");
  assert.equal(await command.exited, 0);
  assert.equal(linesIn(path).length, 320);
});

test("a syslog daemon gets a message for each exchange", async (t) => {
  const daemon = createSocket("udp4");
  daemon.bind(0, "127.0.0.1");
  await once(daemon, "listening");
  t.after(() => void daemon.close());
  const origin = await startOrigin(t);
  const sink = `syslog://127.0.0.1:${daemon.address().port}`;
  const { port } = await start(t, ["--backends", origin, "--workers", "0", "--access-log", sink]);
  const message = once(daemon, "message");
  await get(port, "/logged");
  const [octets] = (await message) as [Buffer];
  assert.match(octets.toString(), /^<134>1 \S+Z \S+ headgate \d+ access - \{.*"target":"\/logged".*\}$/);
});

test("so does one that listens for streams", async (t) => {
  const received = Promise.withResolvers<string>();
  const daemon = createTcpServer((socket) => {
    let text = "";
    socket.on("data", (octets: Buffer) => {
      text += octets.toString();
      if (text.includes("}")) received.resolve(text);
    });
  }).listen(0, "127.0.0.1");
  await once(daemon, "listening");
  t.after(() => void daemon.close());
  const origin = await startOrigin(t);
  const sink = `syslog+tcp://127.0.0.1:${(daemon.address() as AddressInfo).port}`;
  const { port } = await start(t, ["--backends", origin, "--workers", "0", "--access-log", sink]);
  await get(port, "/logged");
  assert.match(
    await received.promise,
    /^\d+ <134>1 \S+Z \S+ headgate \d+ access - \{.*"target":"\/logged".*\}$/,
  );
});
