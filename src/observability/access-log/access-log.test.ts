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

test("a preset's lines come out in order, in time, and count as held before", () => {
  const clock = new VirtualClock();
  let written = "";
  const sink: LineSink = {
    write(lines, done) {
      written += lines.toString();
      done(null);
    },
    reopen() {},
    close() {},
  };
  const log = new AccessLog(
    { format: "common", share: 1, statuses: null, bufferLines: 100, slowMs: null, exceptRoutes: [] },
    { sink, clock, random: seededRandom(1) },
  );
  const targetsOf = (text: string): readonly string[] =>
    Array.from(text.matchAll(/GET (\S+)/g), ([, target = ""]) => target);
  log.write(sampleRecord({ target: "/a" }));
  log.write(sampleRecord({ target: "/b" }));
  assert.equal(log.counts.held, 2);
  clock.advance(200);
  assert.deepEqual(targetsOf(written), ["/a", "/b"]);
  log.write(sampleRecord({ target: "/c" }));
  log.reopen();
  assert.deepEqual(targetsOf(written), ["/a", "/b", "/c"]);
  assert.deepEqual(log.counts, { written: 3, dropped: 0, lost: 0, held: 0 });
});

test("what is told of a TLS connection that ends unanswered is asked for before it is forgotten, and in order", () => {
  const clock = new VirtualClock();
  let written = "";
  const sink: LineSink = {
    write(lines, done) {
      written += lines.toString();
      done(null);
    },
    reopen() {},
    close() {},
  };
  const log = new AccessLog(
    { format: "json", share: 1, statuses: null, bufferLines: 100, slowMs: null, exceptRoutes: [] },
    { sink, clock, random: seededRandom(1) },
  );
  const facts = { "tls.version": "TLSv1.3", "tls.server_name": "shop.example" };
  log.write(sampleRecord({ target: "/a" }));
  const left = { isSecure: true, status: 499, cause: "client-gone" } as const;
  log.write({
    ...sampleRecord({ ...left, target: "/b" }),
    fact: (name) => facts[name as keyof typeof facts],
  });
  // What the platform does when a connection is gone that nothing was written to.
  for (const name of Object.keys(facts)) facts[name as keyof typeof facts] = "";
  clock.advance(200);
  const lines = written
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ target, tls }) => [target, tls]),
    [
      ["/a", undefined],
      ["/b", { version: "TLSv1.3", serverName: "shop.example" }],
    ],
  );
});
