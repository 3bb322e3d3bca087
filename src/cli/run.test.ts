import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { RunningCommand, runCommand } from "../../test/support/command.ts";

/** A backend that can be killed and brought back on its port, and counts what it answered. */
class Backend {
  requests = 0;
  port = 0;
  #server: Server | null = null;
  readonly #listener: RequestListener;

  constructor(listener: RequestListener = (_request, response) => void response.end("ok")) {
    this.#listener = listener;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.requests++;
      this.#listener(request, response);
    });
    this.#server = server;
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

async function startBackend(t: TestContext, listener?: RequestListener): Promise<Backend> {
  const backend = new Backend(listener);
  await backend.start();
  t.after(() => backend.kill());
  return backend;
}

async function startHeadgate(
  t: TestContext,
  args: readonly string[],
): Promise<{ command: RunningCommand; url: string }> {
  const command = new RunningCommand(args);
  t.after(() => command.dispose());
  const port = (await command.until(/"address":"[^"]*:(\d+)"[^\n]*"message":"listening"/))[1];
  return { command, url: `http://127.0.0.1:${port}` };
}

async function ask(url: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) {
    const response = await fetch(url);
    await response.text();
    statuses.push(response.status);
  }
  return statuses;
}

const ok = (times: number): number[] => Array.from({ length: times }, () => 200);

test("ten requests land five and five; a killed backend's share goes to the other; it returns when it does", async (t) => {
  const [a, b] = [await startBackend(t), await startBackend(t)];
  const { command, url } = await startHeadgate(t, [
    `-backends=${a.url},${b.url}`,
    "-port=0",
    "-workers=0",
    "-health-interval=50ms",
  ]);
  assert.deepEqual(await ask(url, 10), ok(10));
  assert.deepEqual([a.requests, b.requests], [5, 5]);

  await a.kill();
  assert.deepEqual(await ask(url, 10), ok(10), "no request fails while nobody has noticed yet");
  assert.equal(b.requests, 15);

  await command.until(/down/);
  await a.start();
  await command.until(/down[\s\S]*up/);
  assert.deepEqual(await ask(url, 10), ok(10));
  assert.deepEqual([a.requests, b.requests], [10, 20]);
});

for (const workers of ["0", "2"]) {
  test(`ten connections with a request each land five and five (workers ${workers})`, async (t) => {
    const [a, b] = [await startBackend(t), await startBackend(t)];
    const { url } = await startHeadgate(t, [`-backends=${a.url},${b.url}`, "-port=0", `-workers=${workers}`]);
    for (let i = 0; i < 10; i++) await (await fetch(url, { headers: { connection: "close" } })).text();
    assert.deepEqual([a.requests, b.requests], [5, 5]);
  });

  test(`weights are shares (workers ${workers})`, async (t) => {
    const [a, b] = [await startBackend(t), await startBackend(t)];
    const backends = ["--backends", `${a.url}, ${b.url}`, "--weights", "3,1"];
    const { url } = await startHeadgate(t, [...backends, "--port", "0", "--workers", workers]);
    await ask(url, 16);
    assert.deepEqual([a.requests, b.requests], [12, 4]);
  });
}

test("a stats path shows the counters, and is the application's unless asked for", async (t) => {
  const backend = await startBackend(t);
  const { url } = await startHeadgate(t, [
    "--backends",
    backend.url,
    "--port",
    "0",
    "--stats-path",
    "/stats",
  ]);
  await ask(url, 3);
  const stats = await (await fetch(`${url}/stats`)).text();
  assert.match(stats, /"requests": ?3/);
  assert.equal(backend.requests, 3);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} lets the exchange under way finish and ends with 0`, async (t) => {
    const arrived = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const backend = await startBackend(t, (_request, response) => {
      arrived.resolve();
      void finish.promise.then(() => response.end("late"));
    });
    const { command, url } = await startHeadgate(t, ["--backends", backend.url, "--port", "0"]);
    const answer = fetch(url).then((response) => response.text());
    await arrived.promise;
    command.process.kill(signal);
    await command.until(/"message":"stopping"/);
    finish.resolve();
    assert.equal(await answer, "late");
    assert.equal(await command.exited, 0);
    assert.match(command.stderr, /"message":"stopped"/);
  });
}

test("a second signal ends at once", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const backend = await startBackend(t, () => arrived.resolve());
  const { command, url } = await startHeadgate(t, ["--backends", backend.url, "--port", "0"]);
  const answer = fetch(url).catch(() => "cut off");
  await arrived.promise;
  command.process.kill("SIGTERM");
  await command.until(/"message":"stopping"/);
  command.process.kill("SIGINT");
  assert.equal(await command.exited, 130);
  assert.equal(await answer, "cut off");
});

for (const workers of ["0", "2"]) {
  test(`a busy port is told in a sentence with the port and what to do (workers ${workers})`, async (t) => {
    const other = createServer().listen(0);
    await once(other, "listening");
    t.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const args = ["--backends", "http://127.0.0.1:1", "--port", String(port), "--workers", workers];
    const { status, stderr } = await runCommand(args);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`headgate: port ${port} is already in use.*--port`));
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
}

test("a configuration file serves as flags do, and stands alone", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-run-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const backend = await startBackend(t);
  const file = join(folder, "headgate.yaml");
  writeFileSync(
    file,
    `listeners: [{ address: "127.0.0.1:0" }]\npools: { app: { endpoints: ["${backend.url}"] } }\n`,
  );
  const { url } = await startHeadgate(t, ["--config", file]);
  assert.deepEqual(await ask(url, 1), [200]);

  const mixed = await runCommand(["--config", file, "--port", "1", "--health-path", "/h"]);
  assert.equal(mixed.status, 1);
  assert.match(mixed.stderr, /--config stands alone.*--port, --health-path/);
});

for (const [args, pattern] of [
  [[], /headgate --backends http/],
  [["--backends", "localhost:8081"], /did you mean 'http:\/\/localhost:8081'/],
  [["--backends", "http://a", "--policy", "least_conn"], /--policy[\s\S]*did you mean 'least-request'/],
  [["--backends", "http://a", "--port", "99999"], /--port.*99999/],
  [["--backends", "http://a", "--prot", "1"], /unknown option '--prot'[\s\S]*--port/],
  [["--config", "/no/such/file.yaml"], /there is no such file/],
] as const) {
  test(`headgate ${args.join(" ")} is refused with an explanation`, async () => {
    const { status, stderr } = await runCommand(args);
    assert.equal(status, 1);
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
}

test("help is a word, too, alone and with a verb", async () => {
  const all = await runCommand(["help"]);
  assert.equal(all.status, 0);
  assert.equal(all.stdout, (await runCommand(["--help"])).stdout);
  const one = await runCommand(["help", "backend"]);
  assert.equal(one.status, 0);
  assert.match(one.stdout, /^Usage: headgate backend/);
});

test("--help shows every verb and examples; --version the version", async () => {
  const help = await runCommand(["--help"]);
  assert.equal(help.status, 0);
  for (const word of ["--backends", "backend", "health", "demo", "Examples:", "-backends="]) {
    assert.ok(help.stdout.includes(word), word);
  }
  const version = await runCommand(["--version"]);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});
