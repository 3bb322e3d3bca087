import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "../../test/support/access-records.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { accessLogSchema } from "../config/schema-logging.ts";
import { seededRandom } from "../core/random.ts";
import { AccessLogs } from "./access-logs.ts";

test("what was counted stays counted while a log that a reload replaced brings out its last lines", async () => {
  const clock = new VirtualClock();
  const writes: (() => void)[] = [];
  const openSink = () => ({
    write: (_: Buffer, done: (error: Error | null) => void) => void writes.push(() => done(null)),
    reopen() {},
    close() {},
  });
  const logs = new AccessLogs({ clock, random: seededRandom(1), openSink });
  logs.apply(accessLogSchema.parse({ path: "/one.log" }));
  logs.write(sampleRecord());
  clock.advance(500);
  writes.shift()?.();
  assert.equal(logs.totals.written, 1);

  logs.write(sampleRecord());
  logs.apply(accessLogSchema.parse({ path: "/two.log" }));
  assert.equal(logs.totals.written, 1);

  const closed = logs.close();
  writes.shift()?.();
  await closed;
  assert.equal(writes.length, 0);
  assert.equal(logs.totals.written, 2);
});
