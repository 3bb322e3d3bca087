import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import { captureLog } from "../../../test/support/capture-log.ts";
import { AlertDispatcher } from "./alert-dispatcher.ts";
import { type AlertNotification, type AlertReceiver, UndeliverableAlert } from "./alert-receiver.ts";
import type { AlertChange } from "./alert-rule.ts";
import { Heartbeat } from "./heartbeat.ts";

function change(name: string, state: "firing" | "resolved" = "firing"): AlertChange {
  const times = { startedWallMs: 0, changedWallMs: 0 };
  return {
    key: name,
    rule: name,
    severity: "warning",
    state,
    subject: "",
    summary: name,
    value: null,
    ...times,
  };
}

/** A receiver whose answers a test gives: null takes the message, an error refuses it, `pending` waits. */
class StubReceiver implements AlertReceiver {
  readonly name: string;
  readonly sent: string[] = [];
  answer: Error | null | "pending" = null;
  #pending: (() => void)[] = [];

  constructor(name = "stub") {
    this.name = name;
  }

  async send(notification: AlertNotification): Promise<void> {
    this.sent.push(spelled(notification));
    if (this.answer === "pending") await new Promise<void>((resolve) => this.#pending.push(resolve));
    else if (this.answer !== null) throw this.answer;
  }

  release(): void {
    for (const resolve of this.#pending.splice(0)) resolve();
  }
}

function spelled(notification: AlertNotification): string {
  if (notification.kind !== "alerts") return notification.kind;
  return notification.changes.map(({ rule, state }) => `${rule} ${state}`).join(", ");
}

function started(...receivers: readonly StubReceiver[]) {
  const clock = new VirtualClock();
  const log = captureLog();
  return { clock, log, dispatcher: new AlertDispatcher({ receivers, clock, log, groupWaitMs: 5000 }) };
}

/** Lets promises that are settled run their course. */
async function settle(): Promise<void> {
  await new Promise(setImmediate);
}

test("changes of a few seconds share one message", async () => {
  const receiver = new StubReceiver();
  const { clock, dispatcher } = started(receiver);
  dispatcher.add([change("a")]);
  clock.advance(3000);
  dispatcher.add([change("b"), change("c")]);
  assert.deepEqual(receiver.sent, []);
  clock.advance(2000);
  await settle();
  assert.deepEqual(receiver.sent, ["a firing, b firing, c firing"]);
  assert.deepEqual(dispatcher.counts().get("stub"), { delivered: 1, lost: 0, waiting: 0 });
});

test("what began and ended before anyone was told is not told", () => {
  const receiver = new StubReceiver();
  const { clock, dispatcher } = started(receiver);
  dispatcher.add([change("flap"), change("flap", "resolved")]);
  dispatcher.add([change("again"), change("again")]);
  clock.advance(5000);
  assert.deepEqual(receiver.sent, ["again firing"]);
});

test("an alert arrives once and resolves once although the receiver was dead, and the other is not kept waiting", async () => {
  const [dead, healthy] = [new StubReceiver("dead"), new StubReceiver("healthy")];
  const { clock, dispatcher } = started(dead, healthy);
  dead.answer = new Error("connection refused");
  dispatcher.add([change("a")]);
  clock.advance(5000);
  await settle();
  dispatcher.add([change("a", "resolved")]);
  clock.advance(5000);
  for (let count = 0; count < 10; count++) {
    await settle();
    clock.advance(60_000);
  }
  assert.deepEqual(healthy.sent, ["a firing", "a resolved"]);
  assert.ok(dead.sent.length > 3 && dead.sent.every((text) => text === "a firing"));
  dead.answer = null;
  dead.sent.length = 0;
  for (let count = 0; count < 3; count++) {
    await settle();
    clock.advance(60_000);
  }
  assert.deepEqual(dead.sent, ["a firing", "a resolved"]);
  assert.deepEqual(dispatcher.counts().get("dead"), { delivered: 2, lost: 0, waiting: 0 });
  assert.equal(clock.pendingCount, 0);
});

test("pauses between attempts grow", async () => {
  const receiver = new StubReceiver();
  const { clock, dispatcher } = started(receiver);
  receiver.answer = new Error("no");
  dispatcher.add([change("a")]);
  clock.advance(5000);
  for (const [pauseMs, attempts] of [
    [999, 1],
    [1, 2],
    [1999, 2],
    [1, 3],
    [4000, 4],
  ] as const) {
    await settle();
    clock.advance(pauseMs);
    assert.equal(receiver.sent.length, attempts);
  }
  dispatcher.close();
});

test("what a receiver refuses for good is given up at once and logged", async () => {
  const receiver = new StubReceiver();
  const { clock, log, dispatcher } = started(receiver);
  receiver.answer = new UndeliverableAlert("the webhook answered 404");
  dispatcher.add([change("a")]);
  clock.advance(5000);
  await settle();
  assert.deepEqual(dispatcher.counts().get("stub"), { delivered: 0, lost: 1, waiting: 0 });
  assert.equal(log.entries[0]?.fields["reason"], "the webhook answered 404");
});

test("a receiver that never answers holds a bounded number of messages, the newest", async () => {
  const receiver = new StubReceiver();
  const { clock, dispatcher } = started(receiver);
  receiver.answer = "pending";
  for (let count = 0; count < 300; count++) {
    dispatcher.add([change(`a${count}`)]);
    clock.advance(5000);
  }
  assert.equal(receiver.sent.length, 1);
  assert.deepEqual(dispatcher.counts().get("stub"), { delivered: 0, lost: 200, waiting: 100 });
  receiver.answer = null;
  receiver.release();
  for (let count = 0; count < 3; count++) await settle();
  assert.equal(receiver.sent.length, 100);
  assert.deepEqual(
    [receiver.sent.at(0), receiver.sent.at(1), receiver.sent.at(-1)],
    ["a0 firing", "a201 firing", "a299 firing"],
  );
});

test("a test message goes to each receiver and tells how it went", async () => {
  const [good, bad] = [new StubReceiver("good"), new StubReceiver("bad")];
  bad.answer = new Error("no route to host");
  const { dispatcher } = started(good, bad);
  assert.deepEqual(await dispatcher.test(), [
    { receiver: "good", error: null },
    { receiver: "bad", error: "no route to host" },
  ]);
  assert.deepEqual(good.sent, ["test"]);
});

test("the heart beats at its pace, skips while a beat is under way, and stops when closed", async () => {
  const clock = new VirtualClock();
  const receiver = new StubReceiver();
  const heartbeat = new Heartbeat(receiver, clock, 60_000);
  clock.advance(0);
  await settle();
  clock.advance(60_000);
  await settle();
  assert.deepEqual(receiver.sent, ["heartbeat", "heartbeat"]);
  receiver.answer = "pending";
  clock.advance(180_000);
  assert.equal(receiver.sent.length, 3);
  receiver.answer = new Error("no");
  receiver.release();
  await settle();
  clock.advance(60_000);
  await settle();
  assert.equal(heartbeat.failures, 1);
  heartbeat.close();
  assert.equal(clock.pendingCount, 0);
});
