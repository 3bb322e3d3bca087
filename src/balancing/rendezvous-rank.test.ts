import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlacedNode } from "./key-placement.ts";
import { RendezvousRank } from "./rendezvous-rank.ts";

const keys = Array.from({ length: 20_000 }, (_, i) => `/image/${i}.png`);

function nodesOf(weights: readonly number[]): PlacedNode[] {
  return weights.map((weight, i) => ({ name: `10.0.0.${i}:80`, weight }));
}

function place(nodes: readonly PlacedNode[]): string[] {
  const rank = new RendezvousRank();
  rank.build(nodes);
  return keys.map((key) => nodes[rank.first(key)]!.name);
}

test("shares follow weights", () => {
  const weights = [4, 2, 1, 0.5, 0];
  const placed = place(nodesOf(weights));
  for (const [i, weight] of weights.entries()) {
    const share = placed.filter((name) => name === `10.0.0.${i}:80`).length / keys.length;
    assert.ok(Math.abs(share - weight / 7.5) < 0.012, `${i}: ${share}`);
  }
});

test("a node that leaves takes along its own keys only, and a node that joins takes only what becomes its own", () => {
  const ten = place(nodesOf([1, 2, 1, 3, 1, 1, 1, 2, 1, 1]));
  const nine = place(nodesOf([1, 2, 1, 3, 1, 1, 1, 2, 1]));
  for (const [i, before] of ten.entries()) {
    if (before !== "10.0.0.9:80") assert.equal(nine[i], before);
  }
  assert.ok(ten.includes("10.0.0.9:80"));
});

test("a weight that grows only draws keys towards it", () => {
  const before = place(nodesOf([1, 1, 1]));
  const grown = place(nodesOf([1, 2, 1]));
  for (const [i, name] of grown.entries()) if (name !== before[i]) assert.equal(name, "10.0.0.1:80");
  assert.ok(grown.some((name, i) => name !== before[i]));
});

test("the order of the nodes does not matter", () => {
  const nodes = nodesOf([1, 2, 3, 4]);
  assert.deepEqual(place(nodes.toReversed()), place(nodes));
});

test("what a bucket remembers is forgotten when the nodes change", () => {
  const rank = new RendezvousRank();
  rank.build(nodesOf([1, 1, 1]));
  const key = keys.find((key) => rank.first(key) === 2)!;
  rank.build(nodesOf([1, 1]));
  assert.ok(rank.first(key) < 2);
});

test("no weight at all is no place at all", () => {
  const rank = new RendezvousRank();
  rank.build([]);
  assert.equal(rank.first("key"), -1);
  rank.build(nodesOf([0]));
  assert.equal(rank.first("key"), -1);
});
