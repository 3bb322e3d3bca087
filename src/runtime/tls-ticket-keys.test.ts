import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { TicketKeyRing } from "./tls-ticket-keys.ts";

const hourMs = 3_600_000;

test("keys of a predecessor are gone on with, and a new one comes when theirs would have", () => {
  const clock = new VirtualClock(1_700_000_000_000);
  const old = new TicketKeyRing(clock, () => {});
  old.use(2 * hourMs);
  clock.advance(hourMs * 1.5);
  const handedOver = old.inheritance;
  assert.equal(handedOver.keys.length, 2);
  old.close();
  let rotations = 0;
  const next = new TicketKeyRing(clock, () => rotations++, structuredClone(handedOver));
  next.use(2 * hourMs);
  const hex = (given: readonly Uint8Array[]): string[] =>
    given.map((key) => Buffer.from(key).toString("hex"));
  assert.deepEqual(hex(next.keys), hex(handedOver.keys));
  // Half an hour is left of the hour that the newest key is used for.
  clock.advance(hourMs / 2 - 1000);
  assert.equal(rotations, 0);
  clock.advance(2000);
  assert.equal(rotations, 1);
  assert.deepEqual(hex(next.keys.slice(1)), hex(handedOver.keys));
  next.close();
});

test("keys that nobody could have rotated for their lifetime are not gone on with", () => {
  const clock = new VirtualClock(1_700_000_000_000);
  const keys = [new Uint8Array(48)];
  const newestMadeWallMs = clock.wallMs() - 2 * hourMs;
  const ring = new TicketKeyRing(clock, () => {}, { keys, newestMadeWallMs });
  ring.use(2 * hourMs);
  assert.equal(ring.keys.length, 1);
  assert.notDeepEqual(ring.keys, keys);
  ring.close();
});
