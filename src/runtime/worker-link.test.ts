import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { WorkerHandlers } from "../platform/worker-thread.ts";
import type { Snapshot } from "./snapshot.ts";
import { WorkerLink } from "./worker-link.ts";
import type { ToWorker } from "./worker-messages.ts";

/** A thread that exists in name only: keeps what it was told, and answers as the test says. */
class FakeThread {
  readonly told: ToWorker[] = [];
  readonly handlers: WorkerHandlers;
  isEnded = false;

  constructor(handlers: WorkerHandlers) {
    this.handlers = handlers;
  }

  post(message: unknown): void {
    this.told.push(message as ToWorker);
  }

  terminate(): Promise<void> {
    this.die(null);
    return Promise.resolve();
  }

  die(error: Error | null): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.handlers.onExit(error);
  }

  /** The latest snapshot it was to apply. */
  get applied(): Snapshot {
    return this.#lastApply().snapshot;
  }

  succeed(port = 8080): void {
    const { call } = this.#lastApply();
    const addresses = [{ listener: "web", address: `127.0.0.1:${port}`, port }];
    this.handlers.onMessage({ kind: "applied", call, addresses, sockets: [] });
  }

  fail(message: string): void {
    this.handlers.onMessage({ kind: "apply-failed", call: this.#lastApply().call, message });
  }

  #lastApply(): Extract<ToWorker, { kind: "apply" }> {
    const found = this.told.findLast((message) => message.kind === "apply");
    assert.ok(found !== undefined, "the thread was given a snapshot");
    return found;
  }
}

interface Rig {
  readonly link: WorkerLink;
  readonly clock: VirtualClock;
  readonly threads: FakeThread[];
  readonly lines: string[];
}

/** The link with a first thread that serves. `draw`: what chance says. */
async function serving(draw = 1): Promise<Rig> {
  const clock = new VirtualClock();
  const threads: FakeThread[] = [];
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  const link = new WorkerLink({
    clock,
    random: { next: () => draw },
    log: { isDebug: false, debug: write, info: write, warn: write, error: write },
    start: { workerIndex: 0, isPortShared: false, isDebug: false, inherited: [] },
    startThread(_start, handlers) {
      const thread = new FakeThread(handlers);
      threads.push(thread);
      return thread;
    },
    onSuspect: () => {},
    onNameWanted: () => {},
    onObserved: () => {},
    onDied: () => {},
  });
  const first = link.apply(snapshotOf(1));
  await settled();
  threads[0]!.succeed();
  await first;
  return { link, clock, threads, lines };
}

/** As little of one as the link looks at. */
function snapshotOf(revision: number): Snapshot {
  const endpoint = { key: "a", number: 0, targets: [] };
  return { revision, pools: { app: { endpoints: [endpoint] } }, boundPorts: {} } as unknown as Snapshot;
}

/** Promises that wait for nothing but one another are through. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

test("a replacement that cannot serve is ended, and the next comes after a growing pause", async () => {
  const { link, clock, threads, lines } = await serving();
  threads[0]!.die(new Error("crashed"));
  assert.equal(link.isServing, false);
  for (const [index, pauseMs] of [100, 200, 400, 800, 1600, 3200, 5000, 5000].entries()) {
    clock.advance(pauseMs - 1);
    assert.equal(threads.length, index + 1, "not before its time");
    clock.advance(1);
    await settled();
    const replacement = threads[index + 1]!;
    replacement.fail("no such module");
    await settled();
    assert.equal(replacement.isEnded, true);
  }
  assert.equal(lines.filter((line) => line === "worker cannot serve and is replaced").length, 8);

  clock.advance(5000);
  await settled();
  threads.at(-1)!.succeed();
  await settled();
  assert.equal(link.isServing, true);
  assert.equal(lines.at(-1), "worker is back");
});

test("half of the pause is left to chance", async () => {
  const { clock, threads } = await serving(0);
  threads[0]!.die(null);
  clock.advance(49);
  assert.equal(threads.length, 1);
  clock.advance(1);
  assert.equal(threads.length, 2);
});

test("a replacement that never answers is given up", async () => {
  const { clock, threads } = await serving();
  threads[0]!.die(null);
  clock.advance(100);
  await settled();
  clock.advance(29_999);
  assert.equal(threads[1]!.isEnded, false);
  clock.advance(1);
  assert.equal(threads[1]!.isEnded, true);
});

test("a replacement gets the ports and the addresses of names that were in force, not the first ones", async () => {
  const { link, clock, threads } = await serving();
  const targets = [{ kind: "tcp", address: "127.0.0.9", port: 80 }] as const;
  link.setTargets("a", targets);
  threads[0]!.die(null);
  clock.advance(100);
  await settled();
  const { boundPorts, pools } = threads[1]!.applied;
  assert.deepEqual(boundPorts, { web: 8080 });
  assert.deepEqual(pools["app"]?.endpoints[0]?.targets, targets);
});

test("a new configuration does not wait for the pause: it is tried in a thread of its own", async () => {
  const { link, clock, threads } = await serving();
  threads[0]!.die(null);
  const applied = link.apply(snapshotOf(2));
  await settled();
  threads[1]!.succeed(9090);
  assert.deepEqual(await applied, [{ listener: "web", address: "127.0.0.1:9090", port: 9090 }]);
  clock.advance(60_000);
  await settled();
  assert.equal(threads.length, 2, "and no other replacement follows");
});

test("a new configuration that a thread without one cannot take leaves the old one to the next", async () => {
  const { link, clock, threads } = await serving();
  threads[0]!.die(null);
  const applied = assert.rejects(link.apply(snapshotOf(2)), /no such module/);
  await settled();
  threads[1]!.fail("no such module");
  await applied;
  assert.equal(threads[1]!.isEnded, true);
  clock.advance(5000);
  await settled();
  assert.equal(threads[2]!.applied.revision, 1);
});

test("a new configuration comes after the one a replacement is taking", async () => {
  const { link, clock, threads } = await serving();
  threads[0]!.die(null);
  clock.advance(100);
  await settled();
  const applied = link.apply(snapshotOf(2));
  await settled();
  assert.equal(threads[1]!.applied.revision, 1);
  threads[1]!.succeed();
  await settled();
  assert.equal(threads[1]!.applied.revision, 2);
  threads[1]!.succeed();
  await applied;
});

test("draining does not wait for a thread that is dead, and nothing replaces it any more", async () => {
  const { link, clock, threads } = await serving();
  threads[0]!.die(null);
  await link.drain(0);
  clock.advance(60_000);
  await settled();
  assert.equal(threads.length, 1);
  assert.equal(clock.pendingCount, 0);
});

test("a thread that dies while it drains has finished, too", async () => {
  const { link, threads } = await serving();
  const drained = link.drain(1000);
  threads[0]!.die(new Error("crashed"));
  await drained;
  assert.equal(threads.length, 1);
});

test("a replacement that ends before it serves, because all ends, is not said to be back", async () => {
  const { link, clock, threads, lines } = await serving();
  threads[0]!.die(new Error("crashed"));
  clock.advance(100);
  await settled();
  const ended = link.terminate();
  threads[1]!.die(null);
  await ended;
  await settled();
  assert.deepEqual(lines, ["worker died and is replaced"]);
  assert.equal(link.isServing, false);
});
