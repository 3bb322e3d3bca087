import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventKind } from "../../core/event-kinds.ts";
import type { ControlEvent } from "../events.ts";
import { AlertEngine } from "./alert-engine.ts";
import type { AlertChange, AlertRule, EventRule, ThresholdRule } from "./alert-rule.ts";

const errors: ThresholdRule = {
  kind: "threshold",
  name: "errors",
  severity: "critical",
  signal: "error-share",
  isBeyond: "above",
  threshold: 0.05,
  forMs: 30_000,
  resolveAfterMs: 20_000,
  subject: null,
};

/** Values of one pool's signal, ten seconds apart, and what is told after each. */
function told(rule: ThresholdRule, values: readonly (number | null)[]): readonly string[] {
  const engine = new AlertEngine([rule]);
  return values.map((value, index) => {
    const readings = [{ signal: rule.signal, subject: "app", value }];
    return engine.evaluate(index * 10_000, 1e12 + index * 10_000, readings).map(({ state }) => state).join(); // oxfmt-ignore
  });
}

const sequences: readonly (readonly [string, Partial<ThresholdRule>, (number | null)[], string])[] = [
  [
    "fires once after its duration and resolves once",
    {},
    [0, 0.1, 0.1, 0.1, 0.1, 0.1, 0, 0, 0, 0],
    "    firing    resolved ",
  ],
  [
    "a dip before the duration is over begins it anew",
    {},
    [0.1, 0.1, 0.1, 0, 0.1, 0.1, 0.1, 0.1],
    "       firing",
  ],
  [
    "a short return does not resolve it",
    {},
    [0.1, 0.1, 0.1, 0.1, 0, 0, 0.1, 0, 0, 0],
    "   firing      resolved",
  ],
  ["the threshold itself is not beyond it", { forMs: 0 }, [0.05, 0.051], " firing"],
  [
    "too little to judge by is not beyond",
    { forMs: 0, resolveAfterMs: 0 },
    [0.1, null, 0.1],
    "firing resolved firing",
  ],
  ["below is beyond where the rule says so", { isBeyond: "below", forMs: 0 }, [1, 0.01], " firing"],
  ["another subject's rule is not concerned", { subject: "other", forMs: 0 }, [1, 1], " "],
];

for (const [name, changes, values, expected] of sequences) {
  test(name, () => assert.equal(told({ ...errors, ...changes }, values).join(" "), expected));
}

test("each subject has an alert of its own, and one that is no longer measured resolves", () => {
  const engine = new AlertEngine([{ ...errors, forMs: 0, resolveAfterMs: 0 }]);
  const reading = (subject: string) => ({ signal: "error-share", subject, value: 0.5 }) as const;
  const shown = (changes: readonly AlertChange[]) =>
    changes.map(({ subject, state }) => `${subject} ${state}`);
  assert.deepEqual(shown(engine.evaluate(0, 0, [reading("a"), reading("b")])), ["a firing", "b firing"]);
  assert.deepEqual(shown(engine.evaluate(1, 1, [reading("b")])), ["a resolved"]);
  assert.deepEqual(shown(engine.firing), ["b firing"]);
});

test("a change says what, since when, and how it came to be judged so", () => {
  const engine = new AlertEngine([errors]);
  const readings = [{ signal: "error-share", subject: "app", value: 0.123_456 }] as const;
  engine.evaluate(5000, 100_000, readings);
  const [change] = engine.evaluate(35_000, 130_000, readings);
  assert.deepEqual(change, {
    key: "errors\napp",
    rule: "errors",
    severity: "critical",
    state: "firing",
    subject: "app",
    summary: "error-share of app is 0.1235, above 0.05 for 30 s",
    value: 0.123_456,
    startedWallMs: 100_000,
    changedWallMs: 130_000,
  });
  const back = [{ signal: "error-share", subject: "app", value: 0.01 }] as const;
  engine.evaluate(40_000, 135_000, back);
  const [end] = engine.evaluate(60_000, 155_000, back);
  const summary = "error-share of app is 0.01 again, no longer above 0.05";
  assert.deepEqual(end, { ...change, state: "resolved", summary, value: 0.01, changedWallMs: 155_000 });
});

const down: EventRule = {
  kind: "event",
  name: "down",
  severity: "warning",
  events: ["endpoint-down", "endpoint-ejected"],
  resolvedBy: ["endpoint-up"],
};

function event(kind: EventKind, endpoint: string): ControlEvent {
  return { id: 1, wallMs: 1000, kind, level: "warn", message: `${endpoint}: ${kind}`, pool: "app", endpoint };
}

const eventSequences: readonly (readonly [string, AlertRule, ControlEvent[], string[]])[] = [
  [
    "an event fires once and its opposite about the same endpoint resolves it",
    down,
    [
      event("endpoint-down", "b1"),
      event("endpoint-ejected", "b1"),
      event("endpoint-up", "b2"),
      event("endpoint-up", "b1"),
      event("endpoint-up", "b1"),
    ],
    ["firing app/b1", "resolved app/b1"],
  ],
  [
    "an event without an opposite is told each time",
    { ...down, resolvedBy: [] },
    [event("endpoint-down", "b1"), event("endpoint-down", "b1")],
    ["firing app/b1", "firing app/b1"],
  ],
];

for (const [name, rule, events, expected] of eventSequences) {
  test(name, () => {
    const engine = new AlertEngine([rule]);
    const changes = events.flatMap((one) => engine.event(one));
    assert.deepEqual(changes.map(({ state, subject }) => `${state} ${subject}`), expected); // oxfmt-ignore
    assert.deepEqual(engine.firing, []);
  });
}
