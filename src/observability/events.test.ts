import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { eventKinds } from "../core/event-kinds.ts";
import { type ControlEvent, EventLog, type EventReport } from "./events.ts";

const down: EventReport = {
  kind: "endpoint-down",
  level: "warn",
  message: "b1 is down: refused",
  endpoint: "b1",
};

function filled(count: number, capacity = 3): EventLog {
  const log = new EventLog(new VirtualClock(), capacity);
  for (let index = 0; index < count; index++) log.record(down);
  return log;
}

test("an event gets a number, a time and is kept", () => {
  const clock = new VirtualClock(1000);
  const log = new EventLog(clock, 10);
  clock.advance(5);
  assert.deepEqual(log.record(down), { ...down, id: 1, wallMs: 1005 });
  assert.deepEqual(log.since(0), [{ ...down, id: 1, wallMs: 1005 }]);
  assert.equal(log.lastId, 1);
});

const readings: readonly (readonly [
  count: number,
  since: number,
  limit: number | undefined,
  ids: number[],
])[] = [
  [0, 0, undefined, []],
  [2, 0, undefined, [1, 2]],
  [3, 0, undefined, [1, 2, 3]],
  [7, 0, undefined, [5, 6, 7]],
  [7, 5, undefined, [6, 7]],
  [7, 7, undefined, []],
  [7, 99, undefined, []],
  [7, 0, 2, [6, 7]],
  [7, 6, 2, [7]],
];

for (const [count, since, limit, ids] of readings) {
  test(`of ${count} events, those since ${since}${limit === undefined ? "" : `, at most ${limit},`} are ${ids.join(", ") || "none"}`, () => {
    assert.deepEqual(filled(count).since(since, limit).map(({ id }) => id), ids); // oxfmt-ignore
  });
}

test("listeners hear each event until they leave, whatever the others do", () => {
  const log = new EventLog(new VirtualClock());
  const heard: ControlEvent[] = [];
  log.subscribe(() => {
    throw new Error("the viewer is gone");
  });
  const leave = log.subscribe((event) => void heard.push(event));
  log.record(down);
  leave();
  log.record(down);
  assert.deepEqual(heard.map(({ id }) => id), [1]); // oxfmt-ignore
});

test("events are counted by kind, also those no longer kept", () => {
  const counts = filled(7).countsByKind();
  assert.equal(counts.get("endpoint-down"), 7);
  assert.equal(counts.get("endpoint-up"), 0);
  assert.equal(counts.size, eventKinds.length);
});
