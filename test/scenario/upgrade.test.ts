/**
 * One program after the other on the same sockets, in short form (`bench/upgrade.ts` is the long one):
 * clients connect all the while, and none is refused, reset or left without an answer.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { runCommand } from "../support/command.ts";
import { startEchoBackend } from "../support/echo-backend.ts";
import { freePorts } from "../support/free-ports.ts";
import { type HeadgateProcess, startBackend, startHeadgateProcess } from "../support/headgate-process.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { askTls } from "../support/tls-client.ts";
import { ca, localhost } from "../support/tls-rig.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const upgrades = 4;
const requestsBetween = 100;

async function pidOf({ adminUrl }: HeadgateProcess): Promise<number> {
  const response = await fetch(`${adminUrl}/v1/status`, { headers: { connection: "close" } });
  return ((await response.json()) as { readonly pid: number }).pid;
}

/** Sends SIGUSR2 to whoever serves and waits until the next one does; resolves with its pid. */
async function upgrade(headgate: HeadgateProcess): Promise<number> {
  const before = await pidOf(headgate);
  const { command } = headgate;
  process.kill(before, "SIGUSR2");
  const [, pid] = await command.until(
    new RegExp(`"pid":(\\d+),"message":"upgrade: the successor serves[^\\n]*(?!"pid":${before})`),
  );
  await command.until(/"message":"stopped"/);
  command.stderr = "";
  command.stdout = "";
  assert.notEqual(Number(pid), before);
  return Number(pid);
}

for (const workers of [0, 2]) {
  test(
    `${upgrades} upgrades refuse, reset and lose nothing (workers ${workers})`,
    { timeout: 120_000 },
    async (t) => {
      const backend = await startEchoBackend("one");
      t.after(() => backend.close());
      const [port, adminPort] = await freePorts(2).then((first) => [first, first + 1] as const);
      const headgate = await startHeadgateProcess(
        t,
        `listeners: ["127.0.0.1:${port}"]
workers: ${workers}
pools: { app: { endpoints: ["${backend.url}"] } }
admin: 127.0.0.1:${adminPort}
`,
        { pidFile: true },
      );
      const load = new SteadyLoad(headgate.port).fresh(6).keepAlive(2);
      const pids = new Set([headgate.command.process.pid]);
      for (let index = 0; index < upgrades; index++) {
        await load.progress(requestsBetween);
        pids.add(await upgrade(headgate));
        await load.progress(requestsBetween);
      }
      const report = await load.stop();
      assert.deepEqual(report.failures, []);
      assert.equal(pids.size, upgrades + 1);
      assert.equal(
        Number(readFileSync(headgate.pidFile, "utf8")),
        [...pids].at(-1),
        "the pid file is the successor's",
      );
    },
  );
}

test(
  "a request under way finishes in the old process; run-time edits go on in the new one",
  { timeout: 60_000 },
  async (t) => {
    const arrived = Promise.withResolvers<() => void>();
    const { url } = await startBackend(t, (request, response) => {
      if (request.url === "/slow") arrived.resolve(() => response.end("finished"));
      else response.end("quick");
    });
    const headgate = await startHeadgateProcess(
      t,
      `listeners: ["127.0.0.1:0"]
workers: 2
pools: { app: { endpoints: [{ url: "${url}", name: b1 }, { url: "http://127.0.0.1:1", name: b2 }] } }
admin: 127.0.0.1:0
`,
      { pidFile: true },
    );
    const drained = await runCommand(["maintenance", "b2", "--url", headgate.adminUrl]);
    assert.equal(drained.status, 0, drained.stderr);
    const slow = fetch(`${headgate.url}/slow`).then((response) => response.text());
    const finish = await arrived.promise;
    process.kill(headgate.command.process.pid ?? 0, "SIGUSR2");
    await headgate.command.until(/the successor serves/);
    for (let i = 0; i < 4; i++) {
      assert.equal(
        await (await fetch(`${headgate.url}/quick`, { headers: { connection: "close" } })).text(),
        "quick",
      );
    }
    const { stdout } = await runCommand(["endpoints", "--url", headgate.adminUrl]);
    assert.match(stdout, /b2 +\w+ +maintenance/);
    finish();
    assert.equal(await slow, "finished");
    await headgate.command.until(/"message":"stopped"/);
  },
);

test(
  "TLS sessions are resumed by the new process, whose keys stand in no environment",
  { timeout: 60_000 },
  async (t) => {
    using folder = new CertificateFolder();
    const { certificate, key } = folder.pair("localhost", localhost);
    const [port, adminPort] = await freePorts(2).then((first) => [first, first + 1] as const);
    const headgate = await startHeadgateProcess(
      t,
      `listeners: [{ address: "127.0.0.1:${port}", tls: { certificates: { certificate: "${certificate}", key: "${key}" } } }]
workers: 2
routes: [{ respond: { status: 200, body: hello } }]
admin: 127.0.0.1:${adminPort}
`,
      { pidFile: true },
    );
    const { session } = await askTls(port, { ca });
    assert.ok(session !== undefined);
    await upgrade(headgate);
    await upgrade(headgate);
    assert.equal((await askTls(port, { ca, session })).isResumed, true);
  },
);

test(
  "WebSockets are asked to close and come back to the new process; the old one does not wait for its grace",
  { timeout: 60_000 },
  async (t) => {
    const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    sockets.on("connection", (socket) => socket.send("hello"));
    await once(sockets, "listening");
    t.after(() => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    });
    const headgate = await startHeadgateProcess(
      t,
      `listeners: ["127.0.0.1:0"]
workers: 2
pools: { app: { endpoints: ["http://127.0.0.1:${(sockets.address() as AddressInfo).port}"] } }
admin: 127.0.0.1:0
shutdown: { grace: 10m, webSocketClose: 5m }
`,
      { pidFile: true },
    );
    const connect = async (): Promise<WebSocket> => {
      const socket = new WebSocket(headgate.url.replace("http:", "ws:"));
      await once(socket, "message");
      return socket;
    };
    const clients = await Promise.all([1, 2, 3, 4].map(connect));
    const codes = Promise.all(clients.map(async (client) => ((await once(client, "close")) as [number])[0]));
    headgate.command.process.kill("SIGUSR2");
    assert.deepEqual(await codes, [1001, 1001, 1001, 1001]);
    const again = await connect();
    await headgate.command.until(/"message":"stopped"/);
    again.ping();
    await once(again, "pong");
    again.terminate();
  },
);

test("a successor that does not come up changes nothing", { timeout: 60_000 }, async (t) => {
  const { url } = await startBackend(t, (_request, response) => response.end("one"));
  const headgate = await startHeadgateProcess(
    t,
    `listeners: ["127.0.0.1:0"]
workers: 0
pools: { app: { endpoints: ["${url}"] } }
admin: 127.0.0.1:0
`,
  );
  headgate.write("pools: [\n");
  headgate.command.process.kill("SIGUSR2");
  await headgate.command.until(
    /"reason":"ended with status 1","message":"upgrade failed, this process goes on"/,
  );
  assert.equal(await (await fetch(headgate.url)).text(), "one");
  assert.equal(await pidOf(headgate), headgate.command.process.pid);
});

test(
  "unix sockets, of a listener and of the API, stay where they are over an upgrade",
  { timeout: 60_000 },
  async (t) => {
    const backend = await startEchoBackend("one");
    t.after(() => backend.close());
    const headgate = await startHeadgateProcess(
      t,
      (folder) => `listeners: ["127.0.0.1:0", "unix:${join(folder, "gate.sock")}"]
workers: 0
pools: { app: { endpoints: ["${backend.url}"] } }
admin: unix:${join(folder, "admin.sock")}
`,
      { pidFile: true },
    );
    const asks = async (): Promise<string> => {
      const { get } = await import("node:http");
      return new Promise((resolve, reject) => {
        const request = get({ socketPath: join(headgate.folder, "gate.sock"), agent: false }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => void (text += chunk));
          response.on("end", () => resolve(text));
        });
        request.on("error", reject);
      });
    };
    const admin = `unix:${join(headgate.folder, "admin.sock")}`;
    assert.equal(await asks(), "one");
    for (let index = 0; index < 2; index++) {
      process.kill(Number(readFileSync(headgate.pidFile, "utf8")), "SIGUSR2");
      await headgate.command.until(/"message":"stopped"/);
      headgate.command.stderr = "";
      assert.equal(await asks(), "one");
      const { stdout, stderr } = await runCommand(["status", "--url", admin]);
      assert.match(stdout, /serving/, stderr);
    }
    const last = Number(readFileSync(headgate.pidFile, "utf8"));
    process.kill(last, "SIGTERM");
    await headgate.command.until(/"message":"stopped"/);
    assert.equal(
      existsSync(join(headgate.folder, "gate.sock")),
      false,
      "an orderly end leaves no socket behind",
    );
  },
);
