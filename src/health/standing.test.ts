import assert from "node:assert/strict";
import { test } from "node:test";
import type { EjectionState } from "./ejection.ts";
import { standing, type ProbeWord, type Standing } from "./standing.ts";

const up: ProbeWord = { state: { kind: "up" }, reason: "status 200" };
const unproven: ProbeWord = { state: { kind: "unproven" }, reason: "not probed yet" };
const down: ProbeWord = { state: { kind: "down" }, reason: "connection refused" };
const admitting: EjectionState = { kind: "admitting" };
const ejected: EjectionState = { kind: "ejected", cause: "latency", detail: "too slow", untilMs: 1 };
const probation: EjectionState = { kind: "probation", successesBefore: 0, failuresBefore: 0 };

const byProbes: Standing = { kind: "out", by: "probes", reason: "connection refused" };
const byTraffic: Standing = { kind: "out", by: "traffic", reason: "too slow" };

const rows: [string, ProbeWord | null, EjectionState | null, Standing][] = [
  ["neither probed nor watched: in", null, null, { kind: "in" }],
  ["not probed yet: in", unproven, admitting, { kind: "in" }],
  ["up and admitted: in", up, admitting, { kind: "in" }],
  ["down: out, whatever traffic says", down, admitting, byProbes],
  ["down and ejected: out by probes", down, ejected, byProbes],
  ["down and on probation: out by probes", down, probation, byProbes],
  ["ejected: out, whatever probes say", up, ejected, byTraffic],
  ["ejected without probes: out", null, ejected, byTraffic],
  ["on probation: on trial", up, probation, { kind: "trial" }],
];
for (const [name, probes, traffic, expected] of rows) {
  test(`an endpoint's standing: ${name}`, () => assert.deepEqual(standing(probes, traffic), expected));
}
