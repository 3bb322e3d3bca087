import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtectionCounts, protections } from "./protection-counts.ts";

test("what acted and what would have acted are counted apart, for each protection", () => {
  const counts = ProtectionCounts.create(1);
  counts.count("queue", "enforce");
  counts.count("queue", "enforce");
  counts.count("queue", "observe");
  counts.count("mirror", "observe");
  assert.deepEqual(counts.read("queue"), { enforced: 2, observed: 1 });
  assert.deepEqual(counts.read("mirror"), { enforced: 0, observed: 1 });
  for (const name of protections) {
    if (name !== "queue" && name !== "mirror")
      assert.deepEqual(counts.read(name), { enforced: 0, observed: 0 });
  }
});

test("workers and the control plane are added up", () => {
  const control = ProtectionCounts.create(2);
  const [first, second] = [0, 1].map((index) => ProtectionCounts.attach(control.buffer, index));
  for (const counts of [control, first, second]) counts?.count("outlier", "enforce");
  assert.deepEqual(second?.read("outlier"), { enforced: 3, observed: 0 });
});
