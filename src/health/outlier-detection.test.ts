import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { outlierSchema } from "../config/schema-outlier.ts";
import { seededRandom } from "../core/random.ts";
import { OutlierDetection, type OutlierChange, type OutlierSubject } from "./outlier-detection.ts";
import { TrafficRecord, type Outcome } from "./traffic-record.ts";

class Endpoint implements OutlierSubject {
  readonly traffic = new TrafficRecord();
  readonly name: string;
  isInService = true;

  constructor(name: string) {
    this.name = name;
  }
}

const steady = { ejection: { jitter: "0%" } };

function start(count: number, input: Record<string, unknown> = {}, seed = 1) {
  const clock = new VirtualClock();
  const changes: OutlierChange<Endpoint>[] = [];
  const detection = new OutlierDetection<Endpoint>({
    clock,
    random: seededRandom(seed),
    config: outlierSchema.parse({ ...steady, ...input }),
    onChange: (change) => void changes.push(change),
  });
  const endpoints = Array.from({ length: count }, (_, index) => new Endpoint(`e${index}`));
  detection.setSubjects(endpoints);
  /** Sends so many outcomes to an endpoint, each judged at once as it would be in the same thread. */
  const send = (index: number, outcome: Outcome, times: number, latencyMs = 5): void => {
    const endpoint = endpoints[index] as Endpoint;
    for (let i = 0; i < times; i++) {
      endpoint.traffic.observe(outcome, latencyMs);
      if (outcome !== "success") detection.check(endpoint);
    }
  };
  const kinds = (): string =>
    endpoints.map((endpoint) => detection.stateOf(endpoint).kind.charAt(0)).join("");
  return { clock, changes, detection, endpoints, send, kinds };
}

test("failures in a row eject at the threshold, not before", () => {
  const { send, kinds, changes } = start(3);
  send(0, "failure", 4);
  assert.equal(kinds(), "aaa");
  send(0, "failure", 1);
  assert.equal(kinds(), "eaa");
  assert.deepEqual(
    changes.map(({ subject, to, cause, reason, durationMs }) => [
      subject.name,
      to,
      cause,
      reason,
      durationMs,
    ]),
    [["e0", "ejected", "failures-in-row", "5 failures in a row", 30_000]],
  );
});

test("a success in between starts the row anew", () => {
  const { send, kinds } = start(3);
  send(0, "failure", 4);
  send(0, "success", 1);
  send(0, "failure", 4);
  assert.equal(kinds(), "aaa");
});

const causes: { outcome: Outcome; consecutive: Record<string, unknown>; cause: string }[] = [
  {
    outcome: "gateway",
    consecutive: { errors: "unlimited", gatewayErrors: 3 },
    cause: "gateway-failures-in-row",
  },
  { outcome: "local", consecutive: { errors: "unlimited", localErrors: 3 }, cause: "local-failures-in-row" },
  { outcome: "local", consecutive: { errors: 3, localErrors: 3 }, cause: "local-failures-in-row" },
  { outcome: "gateway", consecutive: { errors: 3 }, cause: "failures-in-row" },
];
for (const { outcome, consecutive, cause } of causes) {
  test(`three times ${outcome} with ${JSON.stringify(consecutive)} ejects for ${cause}`, () => {
    const { send, changes } = start(3, { consecutive });
    send(1, outcome, 3);
    assert.deepEqual(
      changes.map((change) => change.cause),
      [cause],
    );
  });
}

test("an ejected endpoint comes back on probation and, after enough successes, for good", () => {
  const { clock, detection, send, kinds, changes } = start(3);
  detection.start();
  send(0, "local", 5);
  clock.advance(29_900);
  assert.equal(kinds(), "eaa");
  clock.advance(200);
  assert.equal(kinds(), "paa");
  send(0, "success", 2);
  clock.advance(100);
  assert.equal(kinds(), "paa");
  send(0, "success", 1);
  clock.advance(100);
  assert.equal(kinds(), "aaa");
  assert.deepEqual(
    changes.map(({ from, to, reason }) => `${from} → ${to}: ${reason}`),
    [
      "admitting → ejected: 5 failures in a row",
      "ejected → probation: its time is over",
      "probation → admitting: 3 requests succeeded",
    ],
  );
});

test("one failure on probation ejects again, for longer each time, up to the ceiling", () => {
  const { clock, detection, send, changes } = start(3, {
    ejection: { base: "30s", max: "70s", jitter: "0%" },
  });
  detection.start();
  send(0, "failure", 5);
  for (let i = 0; i < 3; i++) {
    clock.advance(70_100);
    send(0, "failure", 1);
  }
  assert.deepEqual(
    changes.filter(({ to }) => to === "ejected").map(({ cause, durationMs }) => [cause, durationMs]),
    [
      ["failures-in-row", 30_000],
      ["probation-failed", 60_000],
      ["probation-failed", 70_000],
      ["probation-failed", 70_000],
    ],
  );
});

test("failures that arrive late, while it is out, do not count against its probation", () => {
  const { clock, detection, send, kinds } = start(3);
  detection.start();
  send(0, "failure", 5);
  send(0, "failure", 20);
  clock.advance(30_100);
  assert.equal(kinds(), "paa");
  send(0, "success", 3);
  clock.advance(100);
  assert.equal(kinds(), "aaa");
});

test("good intervals shorten the next ejection again", () => {
  const { clock, detection, send, changes } = start(3, { probation: { requests: 0 } });
  detection.start();
  for (let i = 0; i < 2; i++) {
    send(0, "failure", 5);
    clock.advance(60_200);
  }
  // Two ejections in a row, and about three good intervals after the second one ended.
  clock.advance(30_000);
  send(0, "failure", 5);
  assert.equal(changes.at(-1)?.durationMs, 30_000);
});

test("with no probation wanted it is admitted at once", () => {
  const { clock, detection, send, changes } = start(3, { probation: { requests: 0 } });
  detection.start();
  send(0, "failure", 5);
  clock.advance(30_100);
  assert.deepEqual(
    changes.map(({ to }) => to),
    ["ejected", "admitting"],
  );
});

test("jitter lengthens by its share at most, and not by the same", () => {
  const { send, changes } = start(8, { ejection: { jitter: "50%", shareMax: "100%" } });
  for (let index = 0; index < 7; index++) send(index, "failure", 5);
  const durations = changes.map(({ durationMs }) => durationMs ?? 0);
  assert.equal(durations.length, 7);
  assert.ok(
    durations.every((ms) => ms >= 30_000 && ms <= 45_000),
    durations.join(),
  );
  assert.ok(new Set(durations.map((ms) => Math.round(ms))).size > 4, durations.join());
});

const caps = [
  { count: 10, shareMax: "34%", out: 3 },
  { count: 10, shareMax: "100%", out: 9 },
  { count: 4, shareMax: "10%", out: 1 },
  { count: 2, shareMax: "10%", out: 1 },
  { count: 2, shareMax: "100%", out: 1 },
  { count: 1, shareMax: "100%", out: 0 },
];
for (const { count, shareMax, out } of caps) {
  test(`of ${count} endpoints that all fail, a cap of ${shareMax} ejects ${out}`, () => {
    const { send, kinds, detection, clock } = start(count, { ejection: { shareMax, jitter: "0%" } });
    for (let index = 0; index < count; index++) send(index, "failure", 50);
    assert.equal(kinds().replaceAll("a", "").length, out);
    assert.equal(detection.sparedCount, count - out, "each spared one is counted once in an interval");
    clock.advance(1);
    detection.checkAll();
    assert.equal(detection.sparedCount, count - out);
  });
}

test("endpoints that probes hold down cannot take over, so the last one in service is never ejected", () => {
  const { endpoints, send, kinds } = start(3, { ejection: { shareMax: "100%" } });
  for (const index of [1, 2]) (endpoints[index] as Endpoint).isInService = false;
  send(0, "failure", 50);
  assert.equal(kinds(), "aaa");
  (endpoints[1] as Endpoint).isInService = true;
  send(0, "failure", 1);
  assert.equal(kinds(), "eaa");
});

test("a spared endpoint is ejected when another comes back", () => {
  const { clock, detection, send, kinds } = start(4, {
    ejection: { shareMax: "25%", jitter: "0%" },
    probation: { requests: 0 },
  });
  detection.start();
  send(0, "failure", 5);
  clock.advance(1000);
  send(1, "failure", 5);
  assert.equal(kinds(), "eaaa");
  clock.advance(29_200);
  assert.equal(kinds(), "aeaa");
});

test("success rate, share of failures and latency are judged at the end of each interval", () => {
  const rules = { consecutive: { errors: "unlimited" }, interval: "10s" };
  const cases: [Record<string, unknown>, (send: ReturnType<typeof start>["send"]) => void, string][] = [
    [
      { successRate: { requestsMin: 10 } },
      (send) => (send(0, "success", 5), send(0, "failure", 5)),
      "success-rate",
    ],
    [
      { failureShare: { threshold: "50%", requestsMin: 10 } },
      (send) => (send(0, "success", 5), send(0, "failure", 5)),
      "failure-share",
    ],
    [{ latency: { factor: 5 } }, (send) => send(0, "success", 50, 100), "latency"],
  ];
  for (const [rule, misbehave, cause] of cases) {
    const { clock, detection, send, changes } = start(6, { ...rules, ...rule });
    detection.start();
    for (let index = 1; index < 6; index++) send(index, "success", 50);
    misbehave(send);
    clock.advance(9_900);
    assert.equal(changes.length, 0, cause);
    clock.advance(200);
    assert.deepEqual(
      changes.map((change) => [change.subject.name, change.to, change.cause]),
      [["e0", "ejected", cause]],
    );
  }
});

test("an interval is judged by its own requests only", () => {
  const { clock, detection, send, changes } = start(3, {
    failureShare: { threshold: "50%", endpointsMin: 1, requestsMin: 10 },
    consecutive: { errors: "unlimited" },
  });
  detection.start();
  send(0, "failure", 9);
  clock.advance(10_100);
  send(0, "failure", 9);
  clock.advance(10_100);
  assert.deepEqual(changes, [], "nine requests in each are too few");
  send(0, "failure", 10);
  clock.advance(10_100);
  assert.equal(changes.length, 1);
});

test("while observing nothing is ejected, but each time is told and counted as it would be", () => {
  const { clock, detection, send, kinds, changes } = start(3, { mode: "observe" });
  detection.start();
  send(0, "failure", 50);
  assert.equal(kinds(), "aaa");
  assert.deepEqual(
    changes.map(({ to, isObserved }) => [to, isObserved]),
    [["ejected", true]],
  );
  clock.advance(30_100);
  send(0, "failure", 5);
  assert.deepEqual(
    changes.map(({ to }) => to),
    ["ejected", "admitting", "ejected"],
  );
});

test("a passed probe ends only an ejection for getting no answer", () => {
  const { detection, endpoints, send, kinds } = start(6, {
    consecutive: { errors: 5, localErrors: 5 },
    ejection: { shareMax: "50%" },
  });
  send(0, "local", 5);
  send(1, "failure", 5);
  assert.equal(kinds(), "eeaaaa");
  for (const endpoint of endpoints) detection.probePassed(endpoint);
  assert.equal(kinds(), "peaaaa");
});

test("probes that bring an endpoint back from down turn any ejection into probation", () => {
  const { detection, endpoints, send, kinds } = start(3);
  send(0, "failure", 5);
  send(1, "failure", 4);
  for (const endpoint of endpoints) detection.probeRecovered(endpoint);
  assert.equal(kinds(), "paa");
  send(1, "failure", 1);
  assert.equal(kinds(), "paa", "the old row is forgotten");
});

test("endpoints that stay keep their standing when others come and go", () => {
  const { clock, detection, endpoints, send } = start(3);
  detection.start();
  send(0, "failure", 5);
  const [kept, gone] = endpoints as [Endpoint, Endpoint];
  const added = new Endpoint("new");
  detection.setSubjects([kept, added]);
  assert.equal(detection.stateOf(kept).kind, "ejected");
  assert.equal(detection.stateOf(added).kind, "admitting");
  gone.traffic.observe("failure", 1);
  detection.check(gone);
  detection.close();
  assert.equal(clock.pendingCount, 0);
});

test("removing an ejected endpoint makes room for another ejection", () => {
  const { detection, endpoints, send } = start(3, { ejection: { shareMax: "34%" } });
  send(0, "failure", 5);
  detection.setSubjects(endpoints.slice(1));
  send(1, "failure", 5);
  assert.equal(detection.stateOf(endpoints[1] as Endpoint).kind, "ejected");
});

test("one endpoint of four that fails everything is ejected within ten requests over all", () => {
  const { send, changes } = start(4, { consecutive: { errors: 2 } });
  let requests = 0;
  while (changes.length === 0 && requests < 10) {
    const index = requests++ % 4;
    send(index, index === 0 ? "failure" : "success", 1);
  }
  assert.equal(changes.length, 1);
});
