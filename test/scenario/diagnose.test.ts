/**
 * Faults of every kind put before a running Headgate: `headgate diagnose` must name the cause, the endpoint
 * and what to do for each, and `headgate tail` must show them as they happen.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import type { AdminDocument } from "../../src/config/admin-documents.ts";
import { errorRow } from "../../src/core/errors.ts";
import { runCommand, RunningCommand } from "../support/command.ts";
import { type HeadgateProcess, startHeadgateProcess } from "../support/headgate-process.ts";

/** Says something to whoever asks, or nothing, or hangs up. */
async function startOrigin(t: TestContext, onRequest: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {}).once("data", () => onRequest(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `127.0.0.1:${port}`;
}

/** Listens with a short queue, never accepts, and has its queue full. */
async function startDeafOrigin(t: TestContext): Promise<string> {
  const program = `
    const server = require("node:net").createServer();
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      require("node:fs").writeSync(1, String(server.address().port) + "\\n");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => void child.kill("SIGKILL"));
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(text.toString());
  const waiting = Array.from({ length: 8 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  t.after(() => waiting.forEach((socket) => socket.destroy()));
  // Two fit; once they are in, the rest are left without an answer.
  await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, "connect")));
  return `127.0.0.1:${port}`;
}

const faults = [
  "refused",
  "early-reset",
  "mid-body-reset",
  "slow-connect",
  "slow-head",
  "slow-body",
  "tls",
  "big-head",
  "none-eligible",
  "busy",
  "impatient",
  "garbage",
] as const;
type Fault = (typeof faults)[number];

const causes = {
  refused: "connect-refused",
  "early-reset": "reset-before-head",
  "mid-body-reset": "reset-mid-body",
  "slow-connect": "connect-timeout",
  "slow-head": "head-response-timeout",
  "slow-body": "response-body-timeout",
  tls: "tls-failed",
  "big-head": "response-head-too-large",
  "none-eligible": "no-endpoint",
  busy: "queue-full",
  impatient: "client-gone",
  garbage: "bad-response",
} as const satisfies Record<Fault, string>;

async function startOrigins(t: TestContext): Promise<Readonly<Record<Fault, string>>> {
  const origin = (onRequest: (socket: Socket) => void): Promise<string> => startOrigin(t, onRequest);
  const silent = await origin(() => {});
  const half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
  return {
    refused: await closedPort(),
    "early-reset": await origin((socket) => socket.resetAndDestroy()),
    "mid-body-reset": await origin((socket) => socket.write(half, () => socket.resetAndDestroy())),
    "slow-connect": await startDeafOrigin(t),
    "slow-head": silent,
    "slow-body": await origin((socket) => socket.write(half)),
    tls: await origin((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    "big-head": await origin((socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}\r\n\r\n`)),
    "none-eligible": silent,
    busy: silent,
    impatient: silent,
    garbage: await origin((socket) => socket.write("220 mail.example.com ESMTP\r\n\r\n")),
  };
}

const more: Partial<Record<Fault, string>> = {
  "slow-connect": "timeouts: { connect: 300ms }",
  "slow-head": "timeouts: { responseHead: 300ms }",
  "slow-body": "timeouts: { upstreamIdle: 300ms }",
  busy: "queue: { size: 1, timeout: 20s }",
};

function poolOf(fault: Fault, address: string): string {
  const url = `${fault === "tls" ? "https" : "http"}://${address}`;
  const state = fault === "none-eligible" ? ", state: maintenance" : "";
  const limit = fault === "busy" ? ", maxRequests: 1" : "";
  const endpoint = `{ name: ${fault}-endpoint, url: "${url}"${state}${limit} }`;
  return `  ${fault}: { endpoints: [${endpoint}], retry: { attempts: 1 }, ${more[fault] ?? "policy: first"} }`;
}

async function start(t: TestContext, workers: number): Promise<HeadgateProcess> {
  const origins = await startOrigins(t);
  const pools = faults.map((fault) => poolOf(fault, origins[fault]));
  const routes = faults.map(
    (fault) => `  - { name: to-${fault}, match: { path: /${fault} }, pool: ${fault} }`,
  );
  const text = `listeners: [{ name: main, address: "127.0.0.1:0" }]
workers: ${workers}
pools:
${pools.join("\n")}
routes:
${routes.join("\n")}
admin: { address: "127.0.0.1:0" }
`;
  return startHeadgateProcess(t, text);
}

/** A request whose client stays until the connection ends; resolves then. */
async function ask(port: number, fault: Fault): Promise<void> {
  const socket = connect(port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  socket.write(`GET /${fault} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`);
  // `once` would throw where the connection is reset, as some of them must be.
  await new Promise((resolve) => socket.once("close", resolve));
}

/** A request whose client leaves once somebody has it. */
function askAndWait(t: TestContext, port: number, fault: Fault): Socket {
  const socket = connect(port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  socket.write(`GET /${fault} HTTP/1.1\r\nHost: shop.example\r\n\r\n`);
  t.after(() => socket.destroy());
  return socket;
}

async function activeIn({ adminUrl }: HeadgateProcess, pool: string): Promise<number> {
  const { endpoints } = (await (await fetch(`${adminUrl}/v1/pools/${pool}`)).json()) as AdminDocument<"Pool">;
  return endpoints.reduce((sum, { activeRequests }) => sum + activeRequests, 0);
}

async function eventually<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const giveUp = AbortSignal.timeout(20_000);
  while (!giveUp.aborted) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`in vain: ${what}`);
}

async function diagnosis({ adminUrl }: HeadgateProcess): Promise<AdminDocument<"Diagnosis">["rows"]> {
  const { status, stdout, stderr } = await runCommand(["diagnose", "--json", "--url", adminUrl]);
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as AdminDocument<"Diagnosis">).rows;
}

for (const workers of [0, 2]) {
  test(
    `diagnose names cause, endpoint and fix of each fault (workers ${workers})`,
    { timeout: 120_000 },
    async (t) => {
      const headgate = await start(t, workers);
      const { port } = headgate;
      const leaving = askAndWait(t, port, "impatient");
      askAndWait(t, port, "busy");
      for (const pool of ["impatient", "busy"] as const) {
        await eventually(`${pool} is asked`, async () =>
          (await activeIn(headgate, pool)) === 1 ? true : null,
        );
      }
      leaving.destroy();
      // One more may wait in each worker's queue, so that of so many at least one is refused.
      const refused = Array.from({ length: 1 + Math.max(1, workers) }, () => askAndWait(t, port, "busy"));
      await Promise.race(refused.map((socket) => once(socket, "data")));
      await Promise.all(
        faults.filter((fault) => fault !== "busy" && fault !== "impatient").map((fault) => ask(port, fault)),
      );

      const rows = await eventually("every fault in the diagnosis", async () => {
        const found = await diagnosis(headgate);
        return found.length >= faults.length ? found : null;
      });
      for (const fault of faults) {
        const cause = causes[fault];
        const row = rows.find((each) => each.cause === cause);
        assert(row !== undefined, `${cause} among ${rows.map((each) => each.cause).join(", ")}`);
        // Where no endpoint was chosen there is none to name, but there is a pool.
        const isChosen = fault !== "none-eligible" && fault !== "busy";
        assert.deepEqual(
          [row.route, row.pool, row.endpoint],
          [`to-${fault}`, fault, isChosen ? `${fault}-endpoint` : ""],
          cause,
        );
        assert.deepEqual([row.sentence, row.fix], [errorRow(cause).sentence, errorRow(cause).fix]);
        assert.ok(row.failed >= 1);
        assert.deepEqual(
          [row.example.method, row.example.target, row.example.host],
          ["GET", `/${fault}`, "shop.example"],
        );
        assert.equal(
          row.example.status,
          fault === "mid-body-reset" || fault === "slow-body" ? 200 : (errorRow(cause).status ?? 499),
        );
      }

      const text = (await runCommand(["diagnose", "--url", headgate.adminUrl])).stdout;
      assert.match(
        text,
        /1 failed {2}connect-refused {2}listener main > route to-refused > pool refused > endpoint refused-endpoint/,
      );
      assert.match(text, /To do: Is the endpoint's process running/);
      assert.match(text, /GET shop\.example\/refused from 127\.0\.0\.1 at [^\n]* answered 502 \(.*\) after/);

      const cleared = await runCommand(["diagnose", "--clear", "--url", headgate.adminUrl]);
      assert.match(cleared.stdout, /Nothing has failed/);
    },
  );

  test(
    `tail follows what is asked for, and nothing else (workers ${workers})`,
    { timeout: 120_000 },
    async (t) => {
      const headgate = await start(t, workers);
      const follow = (...args: string[]): RunningCommand => {
        const command = new RunningCommand(["tail", "--url", headgate.adminUrl, ...args]);
        t.after(() => command.dispose());
        return command;
      };
      const all = follow("--json");
      const garbage = follow("--cause", "bad-response");
      const refused = follow("--pool", "refused", "--status", "5xx");
      const chosen = follow("--client", "127.0.0.0/8", "--method", "get", "--host", "shop.example");
      const byPath = follow("--path", "/garb*", "--endpoint", "garbage-endpoint");
      const nothing = follow("--client", "192.0.2.7");
      // Nobody says when a follower is heard of, so requests go on until each has seen something.
      await eventually("all have seen something", async () => {
        await ask(headgate.port, "refused");
        await ask(headgate.port, "garbage");
        return [all, garbage, refused, chosen, byPath].every(({ stdout }) => stdout !== "") ? true : null;
      });
      const first = JSON.parse(all.stdout.split("\n", 1)[0] ?? "") as AdminDocument<"Exchange">;
      assert.equal(first.status, 502);
      assert.match(
        garbage.stdout,
        /502 .* GET shop\.example\/garbage {2}to-garbage > garbage-endpoint {2}bad-response/,
      );
      assert.doesNotMatch(garbage.stdout, /refused/);
      assert.match(refused.stdout, /connect-refused/);
      assert.doesNotMatch(refused.stdout, /garbage/);
      assert.match(chosen.stdout, /shop\.example/);
      assert.match(byPath.stdout, /garbage/);
      assert.doesNotMatch(byPath.stdout, /refused/);
      assert.equal(nothing.stdout, "");
      assert.match(
        (await runCommand(["tail", "--client", "me", "--url", headgate.adminUrl])).stderr,
        /not an IP address or network/,
      );
      assert.match(
        (await runCommand(["tail", "--cause", "gremlins", "--url", headgate.adminUrl])).stderr,
        /no cause/,
      );
    },
  );
}
