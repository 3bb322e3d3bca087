import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { captureLog } from "../../../test/support/capture-log.ts";
import { type AlertNotification, UndeliverableAlert } from "./alert-receiver.ts";
import { commandReceiver } from "./command-receiver.ts";
import { logReceiver } from "./log-receiver.ts";
import { webhookReceiver, type WebhookSettings } from "./webhook-receiver.ts";

const wallMs = Date.UTC(2026, 10, 21, 3, 9);
const notification: AlertNotification = {
  kind: "alerts",
  changes: [
    {
      key: "errors\napp",
      rule: "errors",
      severity: "critical",
      state: "firing",
      subject: "app",
      summary: "error-share of app is 0.2 <!channel>",
      value: 0.2,
      startedWallMs: wallMs - 60_000,
      changedWallMs: wallMs,
    },
    {
      key: "down\nb1",
      rule: "down",
      severity: "warning",
      state: "resolved",
      subject: "b1",
      summary: "b1 is up",
      value: null,
      startedWallMs: wallMs - 60_000,
      changedWallMs: wallMs,
    },
  ],
};

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Runs a webhook that answers `status` (0: not at all) and gives what it received. */
async function posted(
  status: number,
  changes: Partial<WebhookSettings>,
): Promise<{ error: unknown; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      received.push({ headers: request.headers, body: JSON.parse(text) });
      if (status > 0) response.writeHead(status, { location: "/elsewhere" }).end("thanks");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const receiver = webhookReceiver({ name: "hook", url, format: "generic", headers: {}, ...changes });
  const error: unknown = await receiver.send(notification, wallMs).then(
    () => null,
    (reason: unknown) => reason,
  );
  server.closeAllConnections();
  server.close();
  return { error, received };
}

test("the generic webhook gets one JSON object with every change", async () => {
  const { error, received } = await posted(204, { headers: { authorization: "Bearer x" } });
  assert.equal(error, null);
  assert.equal(received.length, 1);
  assert.equal(received[0]?.headers.authorization, "Bearer x");
  assert.equal(received[0]?.headers["content-type"], "application/json");
  assert.deepEqual(received[0]?.body, {
    version: 1,
    kind: "alerts",
    time: "2026-11-21T03:09:00.000Z",
    title: "Headgate: 1 firing, 1 resolved",
    alerts: [
      {
        id: "errors/app",
        rule: "errors",
        severity: "critical",
        state: "firing",
        subject: "app",
        summary: "error-share of app is 0.2 <!channel>",
        value: 0.2,
        startedAt: "2026-11-21T03:08:00.000Z",
        changedAt: "2026-11-21T03:09:00.000Z",
      },
      {
        id: "down/b1",
        rule: "down",
        severity: "warning",
        state: "resolved",
        subject: "b1",
        summary: "b1 is up",
        value: null,
        startedAt: "2026-11-21T03:08:00.000Z",
        changedAt: "2026-11-21T03:09:00.000Z",
      },
    ],
  });
});

test("Slack gets text in which nothing is a link or a call", async () => {
  const { received } = await posted(200, { format: "slack" });
  assert.deepEqual(received[0]?.body, {
    text: "Headgate: 1 firing, 1 resolved\nFIRING critical errors: error-share of app is 0.2 &lt;!channel&gt;\nRESOLVED warning down: b1 is up",
  });
});

for (const [status, isFinal] of [
  [302, true],
  [404, true],
  [408, false],
  [429, false],
  [503, false],
] as const) {
  test(`a webhook that answers ${status} is ${isFinal ? "given up" : "tried again"}, and not followed elsewhere`, async () => {
    const { error, received } = await posted(status, {});
    assert.ok(error instanceof Error);
    assert.equal(error instanceof UndeliverableAlert, isFinal);
    assert.equal(received.length, 1);
  });
}

test("a webhook that does not answer is left after its time", async () => {
  const { error } = await posted(0, { timeoutMs: 100 });
  assert.ok(error instanceof Error && !(error instanceof UndeliverableAlert));
});

test("a command gets the message as JSON and in its environment; its failure is a failure", async () => {
  let exitCode = 0;
  const runs: { command: readonly string[]; input: string; environment: Readonly<Record<string, string>> }[] =
    [];
  const receiver = commandReceiver("pager", ["/usr/bin/page", "--now"], (command, input, environment) => {
    runs.push({ command, input, environment });
    return Promise.resolve(exitCode);
  });
  await receiver.send(notification, wallMs);
  assert.deepEqual(runs[0]?.command, ["/usr/bin/page", "--now"]);
  assert.deepEqual(JSON.parse(runs[0]?.input ?? ""), { ...notification, time: "2026-11-21T03:09:00.000Z" });
  assert.equal(runs[0]?.environment["HEADGATE_ALERT_TITLE"], "Headgate: 1 firing, 1 resolved");
  exitCode = 3;
  await assert.rejects(receiver.send({ kind: "test" }, wallMs), /ended with 3/);
});

test("the log gets a line per change, as loud as it is severe", async () => {
  const log = captureLog();
  const receiver = logReceiver(log);
  await receiver.send(notification, wallMs);
  await receiver.send({ kind: "test" }, wallMs);
  assert.deepEqual(
    log.entries.map(({ level, message }) => `${level} ${message}`),
    ["error alert firing", "info alert resolved", "info Headgate: this is a test, nothing is wrong"],
  );
});
