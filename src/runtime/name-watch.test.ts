import assert from "node:assert/strict";
import { test } from "node:test";
import { captureLog } from "../../test/support/capture-log.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { NameAnswer } from "../core/names.ts";
import { type NamedEndpoint, NameWatch } from "./name-watch.ts";

const endpoint: NamedEndpoint = {
  key: "app",
  host: "app.example",
  port: 80,
  ttlMinMs: 1000,
  ttlMaxMs: 60_000,
  refreshMs: null,
  family: "any",
  timeoutMs: 2000,
};

class Bench {
  readonly clock = new VirtualClock();
  readonly log = captureLog();
  readonly asked: number[] = [];
  answer: (answer: NameAnswer) => void = () => {};
  readonly names = new NameWatch({
    clock: this.clock,
    log: this.log,
    resolver: {
      resolve: (_name, done) => {
        this.asked.push(this.clock.nowMs());
        this.answer = done;
      },
    },
    onTargets() {},
  });

  get addresses(): readonly string[] {
    return this.names.targets("app").map((target) => ("address" in target ? target.address : ""));
  }
}

test("a resolution that takes too long is given up, and the last good answer stays", async () => {
  const bench = new Bench();
  const ready = bench.names.watch([endpoint]);
  bench.answer({ addresses: ["10.0.0.1"], ttlMs: 5000 });
  await ready;
  bench.clock.advance(5000);
  bench.clock.advance(1999);
  assert.deepEqual(
    bench.log.entries.filter(({ level }) => level === "warn"),
    [],
  );
  bench.clock.advance(1);
  const [warning] = bench.log.entries.filter(({ level }) => level === "warn");
  assert.deepEqual(
    [warning?.message, warning?.fields["error"]],
    ["name not resolved, last addresses kept", "ETIMEOUT"],
  );
  // Too late, and asked again instead.
  bench.answer({ addresses: ["10.0.0.2"], ttlMs: 5000 });
  assert.deepEqual(bench.addresses, ["10.0.0.1"]);
  bench.clock.advance(5000);
  assert.deepEqual(bench.asked, [0, 5000, 12_000]);
  bench.answer({ addresses: ["10.0.0.3"], ttlMs: 5000 });
  assert.deepEqual(bench.addresses, ["10.0.0.3"]);
});

test("a name that nobody resolves holds a start up no longer than its time", async () => {
  const bench = new Bench();
  const ready = bench.names.watch([{ ...endpoint, timeoutMs: 300 }]);
  bench.clock.advance(300);
  await ready;
  assert.deepEqual(bench.addresses, []);
});

test("closed, no timer is left, whether it waits for an answer or for the next question", () => {
  const asking = new Bench();
  void asking.names.watch([endpoint]);
  asking.names.close();
  // What is left is the start's own.
  asking.clock.advance(10_000);
  assert.equal(asking.clock.pendingCount, 0);
  assert.deepEqual(asking.asked, [0]);
});
