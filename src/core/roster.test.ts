import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBelow, seededRandom } from "./random.ts";
import { Roster, type Rostered } from "./roster.ts";

test("a roster holds what a Set would, however its members come and go", () => {
  const random = seededRandom(7);
  const members = Array.from({ length: 40 }, (): Rostered => ({ rosterIndex: -1 }));
  const roster = new Roster<Rostered>();
  const expected = new Set<Rostered>();
  for (let step = 0; step < 5000; step++) {
    const member = members[randomBelow(random, members.length)] as Rostered;
    if (expected.has(member)) {
      roster.delete(member);
      expected.delete(member);
    } else {
      roster.delete(member);
      roster.add(member);
      expected.add(member);
    }
    assert.equal(roster.size, expected.size);
    assert.deepEqual(new Set(roster.toArray()), expected);
  }
});

test("members may come and go while a roster is gone through", () => {
  const roster = new Roster<Rostered>();
  const members = [1, 2, 3].map((): Rostered => ({ rosterIndex: -1 }));
  for (const member of members) roster.add(member);
  const seen = roster.toArray();
  for (const member of seen) roster.delete(member);
  assert.deepEqual(new Set(seen), new Set(members));
  assert.equal(roster.size, 0);
});
