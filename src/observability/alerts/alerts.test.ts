import assert from "node:assert/strict";
import { test } from "node:test";
import { captureLog } from "../../../test/support/capture-log.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import { Histogram, histogramBuckets } from "../../core/histogram.ts";
import { EventLog } from "../events.ts";
import type { AlertNotification } from "./alert-receiver.ts";
import type { PoolSignalReading } from "./alert-signals.ts";
import { Alerts } from "./alerts.ts";
import { defaultAlertRules } from "./default-rules.ts";

function started() {
  const clock = new VirtualClock();
  const events = new EventLog(clock);
  const sent: AlertNotification[] = [];
  const receiver = {
    name: "test",
    send(notification: AlertNotification): Promise<void> {
      sent.push(notification);
      return Promise.resolve();
    },
  };
  const settings = {
    rules: defaultAlertRules,
    receivers: [receiver],
    heartbeat: { receiver, intervalMs: 3_600_000 },
  };
  return { clock, events, sent, alerts: new Alerts(settings, { clock, log: captureLog(), events }) };
}

function told(sent: readonly AlertNotification[]): readonly string[] {
  return sent.flatMap((one) =>
    one.kind === "alerts" ? one.changes.map(({ rule, state, subject }) => `${rule} ${state} ${subject}`) : [],
  );
}

test("an endpoint that goes down and comes back is told twice and stands in the events", async () => {
  const { clock, events, sent, alerts } = started();
  const about = { pool: "app", endpoint: "b1" };
  events.record({ kind: "endpoint-down", level: "warn", message: "b1 is down", ...about });
  clock.advance(5000);
  await new Promise(setImmediate);
  assert.deepEqual(alerts.firing.map(({ subject }) => subject), ["app/b1"]); // oxfmt-ignore
  events.record({ kind: "endpoint-up", level: "info", message: "b1 is up", ...about });
  clock.advance(5000);
  await new Promise(setImmediate);
  assert.deepEqual(told(sent), ["endpoint-out firing app/b1", "endpoint-out resolved app/b1"]);
  assert.deepEqual(events.since(0).map(({ kind }) => kind), ["endpoint-down", "alert-firing", "endpoint-up", "alert-resolved"]); // oxfmt-ignore
  assert.deepEqual(alerts.firing, []);
  alerts.close();
  assert.equal(clock.pendingCount, 0);
});

test("a pool that answers with errors for a minute is told once, by the default rules", async () => {
  const { clock, sent, alerts } = started();
  let requests = 0;
  for (let count = 0; count < 30; count++) {
    requests += 100;
    alerts.evaluate({
      pools: [
        {
          name: "app",
          requests,
          errors: requests / 2,
          latencyCounts: new Uint32Array(histogramBuckets),
          firstByteCounts: new Uint32Array(histogramBuckets),
          endpoints: 2,
          eligible: 2,
          ejected: 0,
        },
      ],
      certificates: [{ name: "example.com", expiresWallMs: clock.wallMs() + 86_400_000 }],
      workers: [],
      isLastReloadApplied: true,
    });
    clock.advance(10_000);
    await new Promise(setImmediate);
  }
  assert.deepEqual(told(sent), ["certificate-expires firing example.com", "many-errors firing app"]);
  assert.equal(sent.filter(({ kind }) => kind === "heartbeat").length, 1);
  assert.deepEqual(await alerts.test(), [{ receiver: "test", error: null }]);
  alerts.close();
});

/** A pool that has served `requests` so far, the last `slow` of them with a late first byte. */
function poolReading(changes: Partial<PoolSignalReading>): PoolSignalReading {
  const counts = new Uint32Array(histogramBuckets);
  const rest = { requests: 0, errors: 0, latencyCounts: counts, firstByteCounts: counts };
  return { name: "app", ...rest, endpoints: 4, eligible: 4, ejected: 0, ...changes };
}

for (const { rule, isBeyond, readings } of [
  {
    rule: "slow-answers",
    isBeyond: 31,
    readings: (look: number) => {
      const firstByte = new Histogram();
      for (let index = 0; index < look * 100; index++) firstByte.record(3000);
      return { pools: [poolReading({ requests: look * 100, firstByteCounts: firstByte.counts })] };
    },
  },
  { rule: "several-ejected", isBeyond: 4, readings: () => ({ pools: [poolReading({ ejected: 2 })] }) },
  { rule: "few-endpoints", isBeyond: 4, readings: () => ({ pools: [poolReading({ eligible: 1 })] }) },
  { rule: "reload-rejected", isBeyond: 1, readings: () => ({ isLastReloadApplied: false }) },
  {
    rule: "certificate-expires",
    isBeyond: 1,
    readings: (_look: number, wallMs: number) => ({
      certificates: [{ name: "example.com", expiresWallMs: wallMs + 86_400_000 }],
    }),
  },
]) {
  test(`by default ${rule} is told once when it has lasted, and once when it is over`, async () => {
    const { clock, sent, alerts } = started();
    const fine = { pools: [poolReading({})], certificates: [], workers: [], isLastReloadApplied: true };
    let beganAt = -1;
    for (let look = 0; look < 80; look++) {
      const isBad = look >= 2 && look < 42;
      alerts.evaluate(isBad ? { ...fine, ...readings(look, clock.wallMs()) } : fine);
      if (beganAt < 0 && alerts.firing.length > 0) beganAt = look;
      clock.advance(10_000);
      await new Promise(setImmediate);
    }
    alerts.close();
    const subjects = told(sent).map((line) => line.split(" ").slice(0, 2).join(" "));
    assert.deepEqual(subjects, [`${rule} firing`, `${rule} resolved`]);
    assert.equal(beganAt - 2 + 1, isBeyond, "ten seconds between two looks");
  });
}

test("every default rule has a name of its own", () => {
  assert.equal(new Set(defaultAlertRules.map(({ name }) => name)).size, defaultAlertRules.length);
});
