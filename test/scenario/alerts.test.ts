/** Alerts of a running Headgate: once when something begins, once when it ends, whatever the receiver does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { runCommand } from "../support/command.ts";
import { type HeadgateProcess, startBackend, startHeadgateProcess } from "../support/headgate-process.ts";

interface Message {
  readonly kind: string;
  readonly alerts?: readonly { readonly rule: string; readonly state: string; readonly summary: string }[];
}

/** Keeps what it is told; refuses as long as it is told to. */
class Receiver {
  readonly messages: Message[] = [];
  isRefusing = false;
  refused = 0;
  readonly #server: Server;
  #wake: () => void = () => {};

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(t: TestContext): Promise<Receiver> {
    const receiver: Receiver = new Receiver(
      createServer((request, response) => {
        let text = "";
        request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        request.on("end", () => {
          response.statusCode = receiver.isRefusing ? 503 : 204;
          response.end();
          if (receiver.isRefusing) receiver.refused++;
          else receiver.messages.push(JSON.parse(text) as Message);
          receiver.#wake();
        });
      }),
    );
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    t.after(() => receiver.#server.close().closeAllConnections());
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    const giveUp = AbortSignal.timeout(30_000);
    while (!isSo()) {
      assert.ok(!giveUp.aborted, `in vain: ${what}; got ${JSON.stringify(this.messages)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        giveUp.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  states(rule: string): string[] {
    return this.messages.flatMap(({ alerts = [] }) =>
      alerts.filter((each) => each.rule === rule).map(({ state }) => state),
    );
  }
}

async function start(
  t: TestContext,
  receiver: Receiver,
): Promise<{ headgate: HeadgateProcess; backend: Server; port: number }> {
  const { server, url } = await startBackend(t, (_request, response) => response.end("ok"));
  const headgate = await startHeadgateProcess(
    t,
    `listeners: [{ address: "127.0.0.1:0" }]
workers: 0
pools:
  app:
    endpoints: [{ name: b1, url: "${url}" }]
    health: { interval: 50ms, downInterval: 50ms, fall: 1 }
routes: [{ pool: app }]
alerts:
  receivers: { hook: { webhook: "${receiver.url}" } }
admin: { address: "127.0.0.1:0" }
`,
  );
  return { headgate, backend: server, port: (server.address() as AddressInfo).port };
}

async function stop(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

test(
  "an endpoint that goes and returns is told of once each, and the log has it, too",
  { timeout: 90_000 },
  async (t) => {
    const receiver = await Receiver.start(t);
    const { headgate, backend, port } = await start(t, receiver);
    await stop(backend);
    await receiver.until("the beginning", () => receiver.states("endpoint-out").length > 0);
    assert.match(receiver.messages[0]?.alerts?.[0]?.summary ?? "", /b1/);
    const standing = await runCommand(["alerts", "--url", headgate.adminUrl]);
    assert.match(standing.stdout, /WARNING {2}endpoint-out: .*b1.*, since/);
    assert.match(headgate.command.output, /"rule":"endpoint-out"[^\n]*"message":"alert firing"/);

    backend.listen(port, "127.0.0.1");
    await receiver.until("the end", () => receiver.states("endpoint-out").length > 1);
    assert.deepEqual(receiver.states("endpoint-out"), ["firing", "resolved"]);
    assert.match(
      (await runCommand(["alerts", "--url", headgate.adminUrl])).stdout,
      /No alert stands\.\n\nhook: 2 messages delivered/,
    );
  },
);

test(
  "a receiver that is down gets the message when it is back, and traffic does not wait",
  { timeout: 90_000 },
  async (t) => {
    const receiver = await Receiver.start(t);
    receiver.isRefusing = true;
    const { headgate, backend } = await start(t, receiver);
    await stop(backend);
    await receiver.until("a refusal", () => receiver.refused > 0);
    assert.equal((await fetch(headgate.url)).status, 503);
    receiver.isRefusing = false;
    await receiver.until("the message", () => receiver.states("endpoint-out").length > 0);
    assert.deepEqual(receiver.states("endpoint-out"), ["firing"]);
  },
);

test(
  "a pool that ignores health is told of, and that it no longer has to; the heart beats meanwhile",
  { timeout: 90_000 },
  async (t) => {
    const receiver = await Receiver.start(t);
    const [gone, other] = [
      await startBackend(t, (_request, response) => response.end("b1")),
      await startBackend(t, (_request, response) => response.end("b2")),
    ];
    const { port } = gone.server.address() as AddressInfo;
    await stop(gone.server);
    const headgate = await startHeadgateProcess(
      t,
      `listeners: [{ address: "127.0.0.1:0" }]
workers: 1
pools:
  app:
    endpoints: [{ name: b1, url: "${gone.url}" }, { name: b2, url: "${other.url}" }]
    health: { interval: 50ms, downInterval: 50ms, fall: 1, rise: 1 }
    panic: { threshold: 60% }
routes: [{ pool: app }]
alerts:
  receivers: { hook: { webhook: "${receiver.url}" } }
  rules: [{ name: panic, events: pool-panic, resolvedBy: pool-recovered }]
  heartbeat: { receiver: hook, interval: 1s }
admin: { address: "127.0.0.1:0" }
`,
    );
    await receiver.until("the panic", () => receiver.states("panic").length > 0);
    gone.server.listen(port, "127.0.0.1");
    await receiver.until("its end", () => receiver.states("panic").length > 1);
    assert.deepEqual(receiver.states("panic"), ["firing", "resolved"]);
    assert.ok(receiver.messages.filter(({ kind }) => kind === "heartbeat").length >= 2);
    const metrics = await (await fetch(`${headgate.adminUrl}/metrics`)).text();
    assert.match(metrics, /^headgate_alert_messages_total\{receiver="hook",result="delivered"\} 2$/m);
    const transitions = 'headgate_endpoint_transitions_total{pool="app",endpoint="b1",transition=';
    assert.ok(
      metrics.includes(`${transitions}"down"} 1`) && metrics.includes(`${transitions}"up"} 1`),
      metrics,
    );
  },
);

test(
  "a receiver that never answers holds up neither traffic nor another receiver",
  { timeout: 90_000 },
  async (t) => {
    const receiver = await Receiver.start(t);
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    t.after(() => silent.close().closeAllConnections());
    const { server, url } = await startBackend(t, (_request, response) => response.end("ok"));
    const headgate = await startHeadgateProcess(
      t,
      `listeners: [{ address: "127.0.0.1:0" }]
workers: 0
pools:
  app:
    endpoints: [{ name: b1, url: "${url}" }]
    health: { interval: 50ms, fall: 1 }
routes: [{ match: { path: /here }, respond: { status: 204 } }, { pool: app }]
alerts:
  receivers:
    dead: { webhook: "http://127.0.0.1:${(silent.address() as AddressInfo).port}/" }
    hook: { webhook: "${receiver.url}", format: slack }
admin: { address: "127.0.0.1:0" }
`,
    );
    const asked = once(silent, "request");
    await stop(server);
    await Promise.all([asked, receiver.until("the message", () => receiver.messages.length > 0)]);
    assert.equal((await fetch(`${headgate.url}/here`)).status, 204);
    const { text } = receiver.messages[0] as unknown as { readonly text: string };
    assert.match(text, /^Headgate: \d firing\n.*FIRING warning endpoint-out: b1 is down/);
  },
);

test("a test message tells whether receivers take messages", { timeout: 90_000 }, async (t) => {
  const receiver = await Receiver.start(t);
  const { headgate } = await start(t, receiver);
  const taken = await runCommand(["alerts", "--test", "--url", headgate.adminUrl]);
  assert.deepEqual([taken.status, taken.stdout], [0, "hook: took it\nlog: took it\n"]);
  assert.deepEqual(
    receiver.messages.map(({ kind }) => kind),
    ["test"],
  );
  receiver.isRefusing = true;
  const refused = await runCommand(["alerts", "--test", "--url", headgate.adminUrl]);
  assert.equal(refused.status, 1);
  assert.match(refused.stdout, /hook: the webhook answered 503/);
});
