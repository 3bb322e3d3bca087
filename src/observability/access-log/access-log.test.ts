import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import { seededRandom } from "../../core/random.ts";
import { AccessLog } from "./access-log.ts";
import type { LineSink } from "./line-writer.ts";
import { sampleRecord } from "../../../test/support/access-records.ts";

test("selected exchanges reach the sink in the chosen format, others do not", () => {
  const clock = new VirtualClock();
  const written: string[] = [];
  const sink: LineSink = {
    write(lines, done) {
      written.push(lines.toString());
      done(null);
    },
    reopen: () => void written.push("(reopened)"),
    close: () => void written.push("(closed)"),
  };
  const log = new AccessLog(
    {
      format: "${response.status} ${request.target}",
      share: 1,
      statuses: [{ from: 400, to: 599 }],
      bufferLines: 10,
      slowMs: null,
      exceptRoutes: [],
    },
    { sink, clock, random: seededRandom(1) },
  );
  log.write(sampleRecord({ status: 200 }));
  log.write(sampleRecord({ status: 404, target: "/a" }));
  log.reopen();
  log.write(sampleRecord({ status: 502, target: "/b" }));
  log.close(() => written.push("(done)"));
  assert.deepEqual(written, ["404 /a\n", "(reopened)", "502 /b\n", "(closed)", "(done)"]);
  assert.deepEqual(log.counts, { written: 2, dropped: 0, lost: 0, held: 0 });
});
