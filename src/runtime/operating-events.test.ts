import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import { EventLog } from "../observability/events.ts";
import { captureLog } from "../../test/support/capture-log.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { ConfigChanges } from "./config-changes.ts";
import { recordRevision, withEvents } from "./operating-events.ts";

function configOf(input: ConfigInput): Config {
  const result = parseConfig(input);
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  return result.config;
}

const [one, two] = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
const plain = configOf({
  listeners: [{ name: "main", address: ":8080" }],
  pools: { app: { endpoints: [one, two] } },
});

async function eventsOf(...steps: readonly Config[]): Promise<string[]> {
  const clock = new VirtualClock();
  const events = new EventLog(clock);
  const makeCurrent = (): Promise<void> => Promise.resolve();
  const changes = new ConfigChanges({
    clock,
    makeCurrent,
    onChanged: (revision) => recordRevision(events, revision),
  });
  await changes.change(() => plain, { origin: { way: "start", by: null } });
  const started = events.lastId;
  for (const step of steps) await changes.change(() => step, { origin: { way: "api", by: "ann" } });
  return events.since(started).map(({ kind, message, origin }) => `${kind} [${origin}] ${message}`);
}

test("a revision is told with what it did to endpoints and listeners, and who did it", async () => {
  const next = configOf({
    listeners: [
      { name: "main", address: ":8080" },
      { name: "more", address: ":8081" },
    ],
    pools: { app: { endpoints: [{ url: one, weight: 5, state: "draining" }, "http://127.0.0.1:3"] } },
  });
  assert.deepEqual(await eventsOf(next), [
    "config-applied [api:ann] revision 2 is in force, 5 changes",
    "listener-opened [api:ann] listener more is open",
    "endpoint-weight [api:ann] 127.0.0.1:1 has weight 5 (was 1)",
    "endpoint-draining [api:ann] 127.0.0.1:1 is set to draining",
    "endpoint-removed [api:ann] 127.0.0.1:2 was removed",
    "endpoint-added [api:ann] 127.0.0.1:3 was added",
  ]);
});

test("back into service, and out by maintenance", async () => {
  const set = (state: "ready" | "maintenance"): Config =>
    configOf({
      listeners: [{ name: "main", address: ":8080" }],
      pools: { app: { endpoints: [{ url: one, state }, two] } },
    });
  assert.deepEqual(
    (await eventsOf(set("maintenance"), set("ready"))).filter((line) => line.startsWith("endpoint")),
    [
      "endpoint-maintenance [api:ann] 127.0.0.1:1 is set to maintenance",
      "endpoint-in-service [api:ann] 127.0.0.1:1 is set to ready",
    ],
  );
});

test("lines of the log about endpoints are events; others, and those at debug, are not", () => {
  const events = new EventLog(new VirtualClock());
  const written = captureLog();
  const log = withEvents(written, events);
  log.warn("endpoint is down", { pool: "app", endpoint: "b1", reason: "connection refused" });
  log.info("something else", { pool: "app" });
  log.debug("endpoint is down", { pool: "app" });
  assert.equal(written.entries.length, 3);
  assert.deepEqual(
    events.since(0).map(({ kind, level, pool, endpoint, message }) => [kind, level, pool, endpoint, message]),
    [["endpoint-down", "warn", "app", "b1", "b1 is down: connection refused"]],
  );
});
