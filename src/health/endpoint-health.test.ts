import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { EndpointHealth, type HealthChange } from "./endpoint-health.ts";
import type { ProbeResult } from "./probe.ts";

const passed: ProbeResult = { isOk: true, latencyMs: 1, detail: "status 200" };
const refused: ProbeResult = { isOk: false, latencyMs: 1, cause: "refused", detail: "connection refused" };

function start(rise: number, fall: number) {
  const clock = new VirtualClock(1_000_000);
  const changes: HealthChange[] = [];
  const health = new EndpointHealth(clock, { rise, fall }, (change) => void changes.push(change));
  return { clock, changes, health };
}

/** `+` a probe that passes, `-` one that fails; gives the kind after each. */
function walk(health: EndpointHealth, probes: string): string[] {
  return probes.split("").map((probe) => {
    health.probed(probe === "+" ? passed : refused);
    return health.state.kind;
  });
}

const rows = [
  { name: "one success proves it", rise: 3, fall: 2, probes: "+", ends: "up" },
  { name: "fewer failures than fall leave it unproven", rise: 1, fall: 3, probes: "--", ends: "unproven" },
  { name: "it can go down without ever having been up", rise: 1, fall: 3, probes: "---", ends: "down" },
  { name: "a success in between clears the failures", rise: 1, fall: 3, probes: "--+--", ends: "up" },
  { name: "the last failure of a row takes it down", rise: 1, fall: 3, probes: "+---", ends: "down" },
  { name: "with rise 1, one success brings it back", rise: 1, fall: 1, probes: "-+", ends: "up" },
  { name: "fewer successes than rise leave it down", rise: 3, fall: 1, probes: "-++", ends: "down" },
  { name: "a failure in between clears the successes", rise: 2, fall: 1, probes: "-+-+", ends: "down" },
  { name: "rise successes in a row bring it back", rise: 2, fall: 1, probes: "-+-++", ends: "up" },
  { name: "counting starts anew after it came back", rise: 1, fall: 2, probes: "--+-", ends: "up" },
];

for (const row of rows) {
  test(`an endpoint's health: ${row.name}`, () => {
    const { health } = start(row.rise, row.fall);
    assert.equal(walk(health, row.probes).at(-1), row.ends);
    assert.equal(health.isUsable, row.ends !== "down");
  });
}

test("an endpoint starts usable and says why", () => {
  const { health } = start(1, 1);
  assert.equal(health.isUsable, true);
  assert.equal(health.reason, "not probed yet");
  assert.equal(health.sinceWallMs, 1_000_000);
  assert.equal(health.lastResult, null);
});

test("each transition is told once, with reason and times", () => {
  const { clock, changes, health } = start(1, 2);
  clock.advance(100);
  walk(health, "+");
  clock.advance(900);
  walk(health, "--");
  clock.advance(50);
  walk(health, "--+");
  assert.deepEqual(changes, [
    { from: "unproven", to: "up", reason: "status 200", lastedMs: 100, wallMs: 1_000_100 },
    { from: "up", to: "down", reason: "connection refused", lastedMs: 900, wallMs: 1_001_000 },
    { from: "down", to: "up", reason: "status 200", lastedMs: 50, wallMs: 1_001_050 },
  ]);
  assert.equal(health.reason, "status 200");
  assert.equal(health.sinceWallMs, 1_001_050);
});

test("the reason stays that of the last change while later probes say other things", () => {
  const { health } = start(1, 1);
  walk(health, "-");
  health.probed({ isOk: false, latencyMs: 2000, cause: "timeout", detail: "no answer within 2000 ms" });
  assert.equal(health.reason, "connection refused");
  assert.equal(health.lastResult?.detail, "no answer within 2000 ms");
});

test("new thresholds count from the next probe on", () => {
  const { health } = start(1, 5);
  walk(health, "--");
  health.setThresholds({ rise: 2, fall: 3 });
  assert.equal(health.state.kind, "unproven");
  assert.deepEqual(walk(health, "-++"), ["down", "down", "up"]);
});

test("a reset makes a down endpoint usable again and tells it", () => {
  const { changes, health } = start(1, 1);
  health.reset("nothing to forget");
  assert.equal(changes.length, 0);
  walk(health, "-");
  health.reset("address changed");
  assert.equal(health.isUsable, true);
  assert.deepEqual(changes.at(-1)?.reason, "address changed");
});
