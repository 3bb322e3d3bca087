import assert from "node:assert/strict";
import { test } from "node:test";
import { FlowBlock } from "./flow-block.ts";

const names = { listeners: ["a", "b"], routes: ["x", "y", "z"], pools: ["p", "q"] };

test("requests are counted on their way, over all workers", () => {
  const first = FlowBlock.create(names, 2);
  const second = new FlowBlock(first.shared, 1);
  for (let i = 0; i < 3; i++) first.add("a", "x", "p");
  second.add("a", "x", "q");
  second.add("b", "z", "q");
  second.add("b", "y", "");
  assert.deepEqual(
    [
      first.readArrivals("a", "x"),
      first.readArrivals("b", "x"),
      first.readArrivals("b", "z"),
      first.readArrivals("b", "y"),
    ],
    [4, 0, 1, 1],
  );
  assert.deepEqual(
    [first.readDepartures("x", "p"), first.readDepartures("x", "q"), first.readDepartures("z", "q")],
    [3, 1, 1],
  );
  const cells = new Uint32Array(first.shared.buffer);
  const rows = [cells.subarray(0, cells.length / 2), cells.subarray(cells.length / 2)];
  assert.deepEqual(
    rows.map((row) => row.reduce((sum, count) => sum + count, 0)),
    [6, 5],
    "each worker writes its own row",
  );
  assert.deepEqual([first.readDepartures("y", "p"), first.readDepartures("y", "q")], [0, 0]);
});

test("names that are not known are not counted, and read as nothing", () => {
  const block = FlowBlock.create(names, 1);
  block.add("a", "gone", "p");
  block.add("gone", "x", "gone");
  for (const listener of names.listeners)
    for (const route of names.routes) assert.equal(block.readArrivals(listener, route), 0);
  assert.equal(block.readArrivals("gone", "x"), 0);
  assert.equal(block.readDepartures("x", "gone"), 0);
});

test("more ways than there is room for are not counted, in no memory", () => {
  const many = Array.from({ length: 1001 }, (_, index) => String(index));
  const block = FlowBlock.create({ listeners: [], routes: many, pools: many }, 4);
  assert.equal(block.shared.buffer.byteLength, 0);
  block.add("", "1", "1");
  assert.equal(block.readDepartures("1", "1"), 0);
});
