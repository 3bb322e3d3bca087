import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse.ts";
import type { Config } from "../config/schema.ts";
import { seededRandom } from "../core/random.ts";
import { captureLog } from "../../test/support/capture-log.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { Drains } from "./drain-progress.ts";
import { withEndpointState, withoutEndpoint } from "./endpoint-edits.ts";
import { SharedState } from "./shared-state.ts";

const parsed = parseConfig({ pools: { app: { endpoints: ["http://127.0.0.1:1", "http://127.0.0.1:2"] } } });
assert("config" in parsed);
const plain = parsed.config;
const name = "127.0.0.1:1";

class Bench {
  readonly clock = new VirtualClock();
  readonly log = captureLog();
  readonly shared = new SharedState(1, seededRandom(1), this.clock);
  readonly takenOut: string[] = [];
  readonly asked: string[] = [];
  readonly drains = new Drains({
    clock: this.clock,
    log: this.log,
    shared: this.shared,
    webSocketCloseMs: () => 1000,
    closeWebSockets: ({ pool, config }, withinMs) => {
      this.asked.push(`${pool}/${config.name} within ${withinMs}`);
      this.apply(withEndpointState(plain, pool, config.name, "maintenance"));
    },
    endDrain: ({ pool, config }) => {
      this.takenOut.push(`${pool}/${config.name}`);
      this.apply(withEndpointState(plain, pool, config.name, "maintenance"));
    },
  });

  constructor() {
    this.apply(plain);
  }

  apply(config: Config): void {
    this.shared.adopt(config);
    this.shared.publish();
    this.drains.observe();
  }

  get messages(): readonly string[] {
    return this.log.entries.map(({ message }) => message);
  }
}

test("an endpoint with nothing in flight has finished at once", () => {
  const bench = new Bench();
  bench.apply(withEndpointState(plain, "app", name, "draining"));
  assert.equal(bench.drains.of("app", name)?.outcome, "finished");
  assert.deepEqual(bench.messages, ["endpoint has finished what it had"]);
  assert.equal(bench.clock.pendingCount, 0);
});

test("progress counts down, and the end is told", () => {
  const bench = new Bench();
  const state = bench.shared.find("app", name)?.state;
  state?.requestStarted();
  state?.requestStarted();
  bench.apply(withEndpointState(plain, "app", name, "draining"));
  state?.requestAbandoned(0, 0);
  const { outcome, startedRequests, activeRequests } = bench.drains.of("app", name) ?? {};
  assert.deepEqual([outcome, startedRequests, activeRequests], ["under-way", 2, 1]);
  state?.requestAbandoned(0, 0);
  bench.clock.advance(1000);
  assert.equal(bench.drains.of("app", name)?.outcome, "finished");
});

test("at the deadline it is taken out, and the record stays until it is ready again", () => {
  const bench = new Bench();
  bench.shared.find("app", name)?.state.requestStarted();
  bench.apply(withEndpointState(plain, "app", name, "draining"));
  bench.drains.setDeadline("app", name, 5000);
  bench.clock.advance(4500);
  assert.deepEqual(bench.takenOut, []);
  bench.clock.advance(1000);
  assert.deepEqual(bench.takenOut, ["app/127.0.0.1:1"]);
  const { outcome, cutRequests } = bench.drains.of("app", name) ?? {};
  assert.deepEqual([outcome, cutRequests], ["deadline-passed", 1]);
  bench.apply(plain);
  assert.equal(bench.drains.of("app", name), null);
});

test("a removed endpoint is followed to its end, though the configuration knows it no more", () => {
  const bench = new Bench();
  const state = bench.shared.find("app", name)?.state;
  state?.requestStarted();
  bench.apply(withoutEndpoint(plain, "app", name));
  assert.deepEqual(
    bench.drains.all.map(({ endpoint, reason, outcome }) => [endpoint, reason, outcome]),
    [[name, "removed", "under-way"]],
  );
  state?.requestAbandoned(0, 0);
  bench.clock.advance(1000);
  assert.equal(bench.drains.all[0]?.outcome, "finished");
});

test("WebSockets and the like are told apart until they end", () => {
  const bench = new Bench();
  const state = bench.shared.find("app", name)?.state;
  state?.requestStarted();
  state?.requestStarted();
  state?.count("tunnels");
  bench.apply(withEndpointState(plain, "app", name, "draining"));
  const held = (): unknown => {
    const { activeRequests, tunnels } = bench.drains.of("app", name) ?? {};
    return [activeRequests, tunnels];
  };
  assert.deepEqual(held(), [2, 1]);
  state?.count("tunnelsEnded");
  state?.requestAbandoned(0, 0);
  assert.deepEqual(held(), [1, 0]);
});

test("put back into service, it is no longer on its way out", () => {
  const bench = new Bench();
  bench.shared.find("app", name)?.state.requestStarted();
  bench.apply(withEndpointState(plain, "app", name, "draining"));
  bench.apply(plain);
  assert.deepEqual(bench.drains.all, []);
  bench.drains.close();
  assert.equal(bench.clock.pendingCount, 0);
});

test("WebSockets are asked to close in time for the deadline, and the drain goes on in maintenance", () => {
  const bench = new Bench();
  const state = bench.shared.find("app", name)?.state;
  state?.requestStarted();
  state?.count("tunnels");
  bench.apply(withEndpointState(plain, "app", name, "draining"));
  bench.drains.setDeadline("app", name, 10_000);
  // Twice the second that they may take.
  bench.clock.advance(7999);
  assert.deepEqual(bench.asked, []);
  bench.clock.advance(1);
  assert.deepEqual(bench.asked, ["app/127.0.0.1:1 within 2000"]);
  assert.equal(bench.drains.of("app", name)?.outcome, "under-way");
  state?.count("tunnelsEnded");
  state?.requestAbandoned(0, 0);
  bench.clock.advance(250);
  assert.equal(bench.drains.of("app", name)?.outcome, "finished");
  assert.deepEqual([bench.asked.length, bench.takenOut], [1, []]);
});

test("a short deadline leaves half its time for asking; where nothing is a WebSocket nobody is asked", () => {
  const bench = new Bench();
  const state = bench.shared.find("app", name)?.state;
  state?.requestStarted();
  bench.apply(withEndpointState(plain, "app", name, "draining"));
  bench.drains.setDeadline("app", name, 300);
  bench.clock.advance(200);
  assert.deepEqual(bench.asked, []);
  // One that was under way as a request has become one.
  state?.count("tunnels");
  bench.clock.advance(99);
  assert.deepEqual([bench.asked, bench.takenOut], [[], []]);
  bench.clock.advance(1);
  assert.deepEqual([bench.asked, bench.takenOut], [[], ["app/127.0.0.1:1"]]);
  const second = new Bench();
  const other = second.shared.find("app", name)?.state;
  other?.requestStarted();
  other?.count("tunnels");
  second.apply(withEndpointState(plain, "app", name, "draining"));
  second.drains.setDeadline("app", name, 300);
  second.clock.advance(150);
  assert.deepEqual(second.asked, ["app/127.0.0.1:1 within 150"]);
});

test("whoever is drained anew, after a deadline or shortly before it, has all of the new one's time", () => {
  const bench = new Bench();
  const state = bench.shared.find("app", name)?.state;
  const drainAgain = (deadlineMs: number): void => {
    bench.apply(withEndpointState(plain, "app", name, "draining"));
    bench.drains.setDeadline("app", name, deadlineMs);
  };
  state?.requestStarted();
  state?.count("tunnels");
  drainAgain(10_000);
  bench.clock.advance(8000);
  assert.equal(bench.asked.length, 1);
  drainAgain(20_000);
  bench.clock.advance(17_999);
  assert.deepEqual([bench.asked.length, bench.takenOut.length], [1, 0]);
  bench.clock.advance(1);
  assert.deepEqual([bench.asked.length, bench.takenOut.length], [2, 0]);
  bench.clock.advance(2000);
  assert.equal(bench.takenOut.length, 1);
  drainAgain(5000);
  assert.equal(bench.drains.of("app", name)?.outcome, "under-way");
  bench.clock.advance(5000);
  assert.equal(bench.takenOut.length, 2);
  assert.equal(bench.drains.all.length, 1);
});

test("one that had finished and is drained anew is followed if a client came back, and told once if not", () => {
  const bench = new Bench();
  bench.apply(withEndpointState(plain, "app", name, "draining"));
  bench.drains.setDeadline("app", name, null);
  assert.deepEqual(bench.messages, ["endpoint has finished what it had"]);
  bench.shared.find("app", name)?.state.requestStarted();
  bench.drains.setDeadline("app", name, 5000);
  assert.equal(bench.drains.of("app", name)?.outcome, "under-way");
});
