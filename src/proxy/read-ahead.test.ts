import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadAhead } from "./read-ahead.ts";

test("spans are kept in order, copied from memory that others use", () => {
  const ahead = new ReadAhead();
  assert.equal(ahead.isEmpty, true);
  assert.equal(ahead.take(), null);
  const shared = Buffer.from("xabx");
  ahead.keep(shared, 1, 3, false);
  shared.fill("?");
  ahead.keep(Buffer.from("cd"), 0, 2, true);
  assert.equal(ahead.length, 4);
  assert.equal(ahead.take()?.toString(), "abcd");
  assert.equal(ahead.isEmpty, true);
  assert.equal(ahead.length, 0);
});
