import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import {
  type PriorityClass,
  QueueTicket,
  type QueueRefusal,
  type QueueWaiter,
  RequestQueue,
  priorityClasses,
} from "./request-queue.ts";

function make(size = 10, timeoutMs = 1000, lookEveryMs = 0) {
  const clock = new VirtualClock();
  const queue = new RequestQueue({ size, timeoutMs, lookEveryMs }, clock);
  const log: string[] = [];
  const room = { places: 0 };
  const waiter = (name: string): QueueWaiter => ({
    tryServe() {
      if (room.places === 0) return false;
      room.places--;
      log.push(name);
      return true;
    },
    onRefused: (refusal: QueueRefusal) => log.push(`${name}: ${refusal}`),
  });
  const enter = (name: string, priority: PriorityClass = "normal", key = "k"): QueueTicket | "queue-full" =>
    queue.enter(waiter(name), priority, key);
  const serve = (places: number): void => {
    room.places = places;
    queue.serve();
  };
  return { clock, queue, log, enter, serve, room };
}

describe("RequestQueue", () => {
  it("serves in order of arrival within a key", () => {
    const { enter, serve, log, queue } = make();
    for (const name of ["a", "b", "c"]) enter(name);
    serve(2);
    assert.deepEqual(log, ["a", "b"]);
    assert.equal(queue.length, 1);
    serve(5);
    assert.deepEqual(log, ["a", "b", "c"]);
    assert.equal(queue.length, 0);
  });

  it("serves the keys of a class in turn, so that a greedy one waits for its own", () => {
    const { enter, serve, log } = make(20);
    for (const name of ["a1", "a2", "a3", "b1", "c1", "c2"]) enter(name, "normal", name[0]);
    serve(20);
    assert.deepEqual(log, ["a1", "b1", "c1", "a2", "c2", "a3"]);
  });

  it("keeps a key's turn when one of its requests is cancelled", () => {
    const { enter, serve, log, queue } = make();
    const first = enter("a1", "normal", "a");
    for (const name of ["b1", "a2"]) enter(name, "normal", name[0]);
    assert.ok(first instanceof QueueTicket);
    queue.cancel(first);
    serve(5);
    assert.deepEqual(log, ["a2", "b1"]);
  });

  it("serves every important request before any less important one", () => {
    const { enter, serve, log } = make();
    enter("low", "low");
    enter("normal", "normal");
    enter("high", "high");
    serve(3);
    assert.deepEqual(log, ["high", "normal", "low"]);
  });

  it("refuses what does not fit", () => {
    const { enter, queue } = make(2);
    enter("a");
    enter("b");
    assert.equal(enter("c"), "queue-full");
    assert.equal(queue.counts.full, 1);
    assert.equal(queue.length, 2);
  });

  it("makes room for an important request by refusing the newest of the least important", () => {
    const { enter, log, queue } = make(3);
    enter("low1", "low");
    enter("low2", "low");
    enter("normal", "normal");
    assert.ok(enter("high", "high") instanceof QueueTicket);
    assert.deepEqual(log, ["low2: queue-displaced"]);
    assert.ok(enter("high2", "high") instanceof QueueTicket);
    assert.ok(enter("high3", "high") instanceof QueueTicket);
    assert.equal(enter("high4", "high"), "queue-full");
    assert.equal(enter("low3", "low"), "queue-full");
    assert.deepEqual(log.slice(1), ["low1: queue-displaced", "normal: queue-displaced"]);
    assert.equal(queue.length, 3);
  });

  it("refuses each request exactly when its own time is over, and leaves no timer behind", () => {
    const { clock, enter, log } = make();
    enter("a", "low");
    clock.advance(400);
    enter("b", "high");
    clock.advance(599);
    assert.deepEqual(log, []);
    clock.advance(1);
    assert.deepEqual(log, ["a: queue-timeout"]);
    clock.advance(399);
    assert.equal(log.length, 1);
    clock.advance(1);
    assert.deepEqual(log, ["a: queue-timeout", "b: queue-timeout"]);
    assert.equal(clock.pendingCount, 0);
  });

  it("looks for places by itself while anybody waits, for those that nobody tells of", () => {
    const { clock, enter, log, room, queue } = make(10, 1000, 10);
    enter("a");
    enter("b");
    clock.advance(25);
    assert.deepEqual(log, []);
    room.places = 1;
    clock.advance(10);
    assert.deepEqual(log, ["a"]);
    room.places = 1;
    clock.advance(10);
    assert.deepEqual(log, ["a", "b"]);
    assert.equal(queue.length, 0);
    assert.equal(clock.pendingCount, 0);
  });

  it("lets its timer go when the last one is served or cancelled", () => {
    const { clock, enter, serve, queue } = make();
    enter("a");
    serve(1);
    assert.equal(clock.pendingCount, 0);
    const ticket = enter("b");
    assert.ok(ticket instanceof QueueTicket);
    queue.cancel(ticket);
    queue.cancel(ticket);
    assert.equal(clock.pendingCount, 0);
    assert.deepEqual([queue.length, queue.counts.cancelled], [0, 1]);
  });

  it("keeps the right time when a refusal makes a new request wait", () => {
    const { clock, queue, enter, log } = make();
    queue.enter({ tryServe: () => false, onRefused: () => enter("again", "high") }, "high", "k");
    clock.advance(500);
    enter("b", "low");
    clock.advance(500);
    clock.advance(500);
    assert.deepEqual(log, ["b: queue-timeout"]);
    clock.advance(500);
    assert.deepEqual(log, ["b: queue-timeout", "again: queue-timeout"]);
  });

  it("serves nobody twice when serving one frees a place at once", () => {
    const { queue, enter, log, serve } = make();
    queue.enter(
      {
        tryServe() {
          log.push("nested");
          queue.serve();
          return true;
        },
        onRefused: () => assert.fail(),
      },
      "high",
      "k",
    );
    enter("b");
    serve(1);
    assert.deepEqual(log, ["nested", "b"]);
    assert.equal(queue.counts.served, 2);
  });

  it("goes on to the next when a waiter cancels itself while it is offered a place", () => {
    const { queue, enter, log, serve } = make();
    const ticket = queue.enter(
      {
        tryServe() {
          if (ticket instanceof QueueTicket) queue.cancel(ticket);
          return false;
        },
        onRefused: () => assert.fail(),
      },
      "high",
      "k",
    );
    enter("b");
    serve(1);
    assert.deepEqual(log, ["b"]);
    assert.deepEqual([queue.counts.served, queue.counts.cancelled], [1, 1]);
  });

  it("refuses everybody when it closes", () => {
    const { queue, enter, log, clock } = make();
    enter("a", "low");
    enter("b", "high");
    queue.close();
    assert.deepEqual(log, ["b: queue-closed", "a: queue-closed"]);
    assert.equal(clock.pendingCount, 0);
  });

  it("ends every wait exactly once, whatever happens in whatever order", () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("enter" as const),
        priority: fc.constantFrom(...priorityClasses),
        key: fc.constantFrom("x", "y", "z"),
      }),
      fc.record({ kind: fc.constant("serve" as const), places: fc.nat(3) }),
      fc.record({ kind: fc.constant("cancel" as const), index: fc.nat(30) }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(600) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { clock, queue, enter, serve, log } = make(5);
        const tickets: QueueTicket[] = [];
        const cancelled = new Set<number>();
        for (const one of steps) {
          if (one.kind === "enter") {
            const ticket = enter(String(tickets.length), one.priority, one.key);
            if (ticket instanceof QueueTicket) tickets.push(ticket);
          } else if (one.kind === "serve") serve(one.places);
          else if (one.kind === "wait") clock.advance(one.ms);
          else {
            const ticket = tickets[one.index];
            if (ticket !== undefined && ticket.lane !== null) cancelled.add(one.index);
            if (ticket !== undefined) queue.cancel(ticket);
          }
          assert.ok(queue.length <= 5);
        }
        clock.advance(1000);
        assert.equal(queue.length, 0);
        const ended = log.map((line) => Number.parseInt(line, 10));
        assert.deepEqual(
          [...ended, ...cancelled].toSorted((a, b) => a - b),
          tickets.map((_, index) => index),
        );
        const { counts } = queue;
        assert.equal(counts.entered, counts.served + counts.timeout + counts.displaced + counts.cancelled);
      }),
      { numRuns: 300 },
    );
  });
});
