import assert from "node:assert/strict";
import { after, test } from "node:test";
import { DemoBackend, type BackendBehavior } from "./demo-backend.ts";

const well: BackendBehavior = {
  delayMs: 0,
  jitterMs: 0,
  failShare: 0,
  flapIntervalMs: 0,
  status: 200,
  keepAliveTimeoutMs: 5000,
};
const running: DemoBackend[] = [];
after(() => Promise.all(running.map((backend) => backend.close(0))));

async function start(behavior: Partial<BackendBehavior> = {}, random = 0.5, isHealthLogged = true) {
  const lines: string[] = [];
  const time = { nowMs: 0 };
  const waiting: (() => void)[] = [];
  /** Resolves when so many lines were logged. */
  const arrived = async (count: number): Promise<void> => {
    while (lines.length < count) await new Promise<void>((wake) => waiting.push(wake));
  };
  const backend = new DemoBackend({
    name: "server-1",
    displayName: "Server 1",
    behavior: { ...well, ...behavior },
    isHealthLogged,
    log: (message) => {
      lines.push(message);
      for (const wake of waiting.splice(0)) wake();
    },
    random: () => random,
    nowMs: () => time.nowMs,
  });
  running.push(backend);
  const port = await backend.listen(0, undefined);
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, init);
  return { backend, lines, time, ask, port, arrived };
}

const answers = [
  { method: "GET", path: "/health", status: 200, body: "OK\n" },
  { method: "HEAD", path: "/health", status: 200, body: "" },
  { method: "POST", path: "/health", status: 405, body: "use GET, HEAD\n" },
  { method: "GET", path: "/ping", status: 200, body: "pong" },
  { method: "GET", path: "/ping?x=1", status: 200, body: "pong" },
  { method: "HEAD", path: "/ping", status: 200, body: "" },
  { method: "POST", path: "/ping", status: 200, body: "message received\n" },
  { method: "DELETE", path: "/ping", status: 405, body: "use GET, HEAD, POST\n" },
];
for (const { method, path, status, body } of answers) {
  test(`a demo backend answers ${method} ${path} with ${status}`, async () => {
    const { ask } = await start();
    const response = await ask(path, { method });
    assert.equal(response.status, status);
    assert.equal(await response.text(), body);
    assert.equal(response.headers.get("x-backend"), "server-1");
  });
}

test("requests are logged with their method and the peer's address", async () => {
  const { ask, lines } = await start();
  await ask("/");
  await ask("/ping", { method: "POST", body: "hello\nthere" });
  assert.deepEqual(lines, [
    "Received GET request from ::ffff:127.0.0.1",
    "Received POST request from ::ffff:127.0.0.1",
    String.raw`Received message: "hello\nthere"`,
  ]);
});

test("health checks can be left out of the log, and are never counted as requests", async () => {
  const { ask, lines } = await start({}, 0.5, false);
  await ask("/health");
  const page = (await (await ask("/anything")).json()) as { served: number };
  assert.deepEqual(lines, ["Received GET request from ::ffff:127.0.0.1"]);
  assert.equal(page.served, 1);
});

test("a message beyond 64 KiB is refused, but read", async () => {
  const { ask, lines } = await start();
  const response = await ask("/ping", { method: "POST", body: "x".repeat(65_537) });
  assert.equal(response.status, 413);
  assert.equal(
    lines.some((line) => line.startsWith("Received message")),
    false,
  );
});

test("any other path says who answered and what headers it saw, as JSON", async () => {
  const { ask } = await start();
  const response = await ask("/some/path?q=1", { headers: { "x-forwarded-for": "10.0.0.9" } });
  const said = (await response.json()) as Record<string, unknown>;
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  assert.equal(said["backend"], "server-1");
  assert.equal(said["method"], "GET");
  assert.equal(said["path"], "/some/path?q=1");
  assert.equal(said["pid"], process.pid);
  assert.equal((said["headers"] as Record<string, string>)["x-forwarded-for"], "10.0.0.9");
});

test("browsers get a page, and nothing a client sent is taken for markup", async () => {
  const { ask } = await start();
  const response = await ask("/%3Cscript%3E", {
    headers: { accept: "text/html,*/*;q=0.8", "x-odd": `<b>"'&` },
  });
  const page = await response.text();
  assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(page, /<h1>Server 1<\/h1>/);
  assert.match(page, /&lt;b&gt;&quot;&#39;&amp;/);
  assert.doesNotMatch(page, /<b>|<script/);
});

test("a request body on any path is taken in, however large", async () => {
  const { ask } = await start();
  const response = await ask("/upload", { method: "PUT", body: "x".repeat(1_000_000) });
  assert.equal(response.status, 200);
});

test("a share of requests fails, health checks excepted", async () => {
  const failing = await start({ failShare: 0.6 }, 0.5);
  assert.equal((await failing.ask("/")).status, 500);
  assert.equal((await failing.ask("/health")).status, 200);
  const lucky = await start({ failShare: 0.4 }, 0.5);
  assert.equal((await lucky.ask("/")).status, 200);
});

test("a flapping backend is well and ill in turns", async () => {
  const { ask, time } = await start({ flapIntervalMs: 10_000 });
  const statuses: number[] = [];
  for (const nowMs of [0, 9_999, 10_000, 19_999, 20_000]) {
    time.nowMs = nowMs;
    statuses.push((await ask("/health")).status, (await ask("/")).status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 503, 503, 503, 503, 200, 200]);
});

for (const status of [404, 503, 204, 304]) {
  test(`ordinary answers can be made to have status ${status}`, async () => {
    const { ask } = await start({ status });
    assert.equal((await ask("/")).status, status);
    assert.equal((await ask("/health")).status, 200);
  });
}

test("a busy port rejects with the system's code", async () => {
  const { port } = await start();
  const second = new DemoBackend({
    name: "b",
    displayName: "B",
    behavior: well,
    isHealthLogged: true,
    log: () => {},
    random: () => 0,
    nowMs: () => 0,
  });
  await assert.rejects(second.listen(port, undefined), { code: "EADDRINUSE" });
});

test("a stop finishes the request under way and lets its connection go", async () => {
  const { backend, ask, lines, arrived } = await start({ delayMs: 50 });
  assert.equal((await ask("/ping")).headers.get("connection"), "keep-alive");
  const underWay = ask("/ping");
  await arrived(2);
  const closed = backend.close(60_000);
  const response = await underWay;
  assert.equal(response.headers.get("connection"), "close");
  assert.equal(await response.text(), "pong");
  await closed;
  assert.equal(lines.length, 2);
});
