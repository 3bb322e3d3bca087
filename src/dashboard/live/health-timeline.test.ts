import assert from "node:assert/strict";
import { test } from "node:test";
import { healthTimeline } from "./health-timeline.ts";

const startMs = Date.parse("2026-11-21T07:00:00Z");

function event(minute: number, kind: string, message = kind) {
  return {
    id: minute,
    time: new Date(startMs + minute * 60_000).toISOString(),
    kind,
    level: "info" as const,
    message,
  };
}

function spans(events: ReturnType<typeof event>[], now: Parameters<typeof healthTimeline>[1]): string[] {
  return healthTimeline(events, now, startMs, startMs + 3_600_000).map(({ state, fromMs, toMs, reason }) =>
    `${(fromMs - startMs) / 60_000}-${(toMs - startMs) / 60_000} ${state} ${reason}`.trim(),
  );
}

test("without events it was all the time what it is now", () => {
  assert.deepEqual(spans([], { state: "up", setTo: "ready" }), ["0-60 up"]);
  assert.deepEqual(spans([], { state: "maintenance", setTo: "maintenance" }), ["0-60 maintenance"]);
});

test("down and up again, each with its reason", () => {
  const events = [
    event(10, "endpoint-down", "b1 is down: refused"),
    event(25, "endpoint-up", "b1 is up again"),
  ];
  assert.deepEqual(spans(events, { state: "up", setTo: "ready" }), [
    "0-10 up",
    "10-25 down b1 is down: refused",
    "25-60 up b1 is up again",
  ]);
});

test("the first event says what was before it, and what an operator set hides what probes find", () => {
  const events = [
    event(5, "endpoint-up"),
    event(20, "endpoint-maintenance"),
    event(30, "endpoint-down"),
    event(40, "endpoint-in-service"),
    event(50, "endpoint-ejected"),
    event(55, "endpoint-up"),
    event(56, "endpoint-weight"),
  ];
  assert.deepEqual(spans(events, { state: "ejected", setTo: "ready" }), [
    "0-5 down",
    "5-20 up endpoint-up",
    "20-40 maintenance endpoint-maintenance",
    "40-55 down endpoint-in-service",
    "55-60 ejected endpoint-up",
  ]);
});

test("what is older than the beginning is left out", () => {
  assert.deepEqual(spans([event(-5, "endpoint-down")], { state: "down", setTo: "ready" }), ["0-60 down"]);
});
