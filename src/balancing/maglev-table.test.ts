import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlacedNode } from "./key-placement.ts";
import { MaglevTable, maglevEntries } from "./maglev-table.ts";

const keys = Array.from({ length: 20_000 }, (_, i) => `key ${i}`);

function nodesOf(weights: readonly number[]): PlacedNode[] {
  return weights.map((weight, i) => ({ name: `10.0.0.${i}:80`, weight }));
}

function place(nodes: readonly PlacedNode[]): string[] {
  const table = new MaglevTable();
  table.build(nodes);
  return keys.map((key) => nodes[table.first(key)]!.name);
}

test("equal nodes own the table to within one entry", () => {
  // Keys are not needed: walking the rehashes shows owners, but counting keys shows what users get.
  const placed = place(nodesOf([1, 1, 1, 1, 1]));
  for (let i = 0; i < 5; i++) {
    const share = placed.filter((name) => name === `10.0.0.${i}:80`).length / keys.length;
    assert.ok(Math.abs(share - 0.2) < 0.012, `${i}: ${share}`);
  }
});

test("weights count, from a hundredth to a hundred", () => {
  const weights = [100, 50, 1, 0.01, 0, 25];
  const placed = place(nodesOf(weights));
  for (const [i, weight] of weights.entries()) {
    const share = placed.filter((name) => name === `10.0.0.${i}:80`).length / keys.length;
    assert.ok(Math.abs(share - weight / 176.01) < 0.01, `${i}: ${share}`);
    if (weight === 0) assert.equal(share, 0);
  }
});

test("a node that joins or leaves moves hardly more keys than it must", () => {
  const ten = place(nodesOf([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]));
  const nine = place(nodesOf([1, 1, 1, 1, 1, 1, 1, 1, 1]));
  const moved = keys.filter((_, i) => ten[i] !== nine[i]).length / keys.length;
  assert.ok(moved >= 0.09 && moved < 0.16, `${moved} moved, 0.1 must`);
});

test("the same nodes make the same table, and their order hardly matters", () => {
  const nodes = nodesOf([1, 1, 1, 1]);
  assert.deepEqual(place(nodes), place(nodes));
  const turned = place([...nodes.slice(1), nodes[0]!]);
  const moved = place(nodes).filter((name, i) => name !== turned[i]).length / keys.length;
  assert.ok(moved < 0.05, `${moved} moved`);
});

test("a key turned away goes on to every other node in time", () => {
  const table = new MaglevTable();
  table.build(nodesOf([1, 1, 1, 1]));
  const seen = new Set([table.first("key")]);
  for (let i = 0; i < 50; i++) seen.add(table.next());
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [0, 1, 2, 3],
  );
});

test("ten thousand nodes all find entries; nodes without weight and empty tables none", () => {
  const table = new MaglevTable();
  table.build(nodesOf(Array.from({ length: 10_000 }, () => 1)));
  const seen = new Set<number>();
  table.first("start");
  for (let i = 0; i < maglevEntries * 4; i++) seen.add(table.next());
  assert.ok(seen.size > 9_900, `${seen.size} nodes seen`);
  table.build([]);
  assert.equal(table.first("key"), -1);
  table.build(nodesOf([0, 0]));
  assert.equal(table.first("key"), -1);
});
