import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveDifferences } from "./live-differences.ts";
import type { LiveNumbers } from "./live-messages.ts";
import type { LiveReading } from "./live-reading.ts";

const nothing: LiveReading = {
  wallMs: 1000,
  total: "0,0",
  listeners: [],
  routes: [],
  pools: [],
  endpoints: [],
  arrivals: [],
  departures: [],
  states: [],
};

function look(differences: LiveDifferences, reading: Partial<LiveReading>, isFirst = false): LiveNumbers {
  return JSON.parse(differences.next({ ...nothing, ...reading }, isFirst)) as LiveNumbers;
}

test("the first message has every row, later ones only those that changed", () => {
  const differences = new LiveDifferences();
  const pools = ["5,0", "7,1"];
  assert.deepEqual(look(differences, { pools }, true).pools, [
    [0, 5, 0],
    [1, 7, 1],
  ]);
  assert.equal(look(differences, { pools }).pools, undefined);
  assert.deepEqual(look(differences, { pools: ["5,0", "9,1"] }).pools, [[1, 9, 1]]);
});

test("ways that nobody took are not told at all", () => {
  const differences = new LiveDifferences();
  assert.deepEqual(look(differences, { arrivals: ["0", "3", "0"] }, true).arrivals, [[1, 3]]);
  assert.deepEqual(look(differences, { arrivals: ["1", "3", "0"] }).arrivals, [[0, 1]]);
});

test("a thousand busy endpoints cost less than four kilobytes a message, and each is told within ten", () => {
  const differences = new LiveDifferences();
  const rows = (turn: number): string[] =>
    Array.from({ length: 1000 }, (_, place) => `${1_000_000 + turn * 20 + place},12,0,0,1.25,20.75`);
  look(differences, { endpoints: rows(0) }, true);
  const told = new Map<number, number>();
  for (let turn = 1; turn <= 20; turn++) {
    const json = differences.next({ ...nothing, endpoints: rows(turn) }, false);
    assert.ok(json.length < 4000, `${json.length} bytes`);
    const message = JSON.parse(json) as LiveNumbers;
    assert.equal(message.isPartial, true);
    for (const [place] of message.endpoints ?? []) {
      const before = told.get(place) ?? 0;
      assert.ok(turn - before <= 10, `endpoint ${place} waited from ${before} to ${turn}`);
      told.set(place, turn);
    }
  }
  assert.equal(told.size, 1000);
});

test("a state that changes is told at once, however busy the endpoints are", () => {
  const differences = new LiveDifferences();
  const endpoints = Array.from({ length: 1000 }, (_, place) => `${place},0,0,0,null,null,null`);
  const states = endpoints.map(() => '"up","ready",1,1,"",null');
  look(differences, { endpoints, states }, true);
  const busy = endpoints.map((row) => `9${row}`);
  const down = states.with(700, '"down","ready",0,1,"connection refused",1000');
  const message = look(differences, { endpoints: busy, states: down });
  assert.deepEqual(message.states, [[700, "down", "ready", 0, 1, "connection refused", 1000]]);
});
