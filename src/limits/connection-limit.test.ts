import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import * as fc from "fast-check";
import { seededRandom } from "../core/random.ts";
import {
  ConnectionLimit,
  type ConnectionLimitSettings,
  refusedToken,
  uncountedToken,
} from "./connection-limit.ts";

const settings: ConnectionLimitSettings = { max: 3, keysMax: 100, mode: "enforce" };

function make(some: Partial<ConnectionLimitSettings> = {}, workerCount = 1): ConnectionLimit {
  return ConnectionLimit.create({ ...settings, ...some }, workerCount, seededRandom(3));
}

describe("ConnectionLimit", () => {
  it("refuses a client's connection beyond the limit until one is closed", () => {
    const limit = make();
    const tokens = [limit.open("a"), limit.open("a"), limit.open("a")];
    assert.ok(tokens.every((token) => token >= 0));
    assert.equal(limit.open("a"), refusedToken);
    assert.equal(limit.countOf("a"), 3);
    limit.close(tokens[1]!);
    assert.ok(limit.open("a") >= 0);
    assert.equal(limit.open("a"), refusedToken);
  });

  it("counts each client for itself, and knows nothing of strangers", () => {
    const limit = make();
    for (let open = 0; open < 3; open++) limit.open("a");
    assert.ok(limit.open("b") >= 0);
    assert.deepEqual([limit.countOf("a"), limit.countOf("b"), limit.countOf("c")], [3, 1, 0]);
  });

  it("refuses nobody in observe mode and counts whom it would have refused", () => {
    const limit = make({ mode: "observe" });
    const tokens = Array.from({ length: 5 }, () => limit.open("a"));
    assert.ok(tokens.every((token) => token >= 0));
    assert.equal(limit.countOf("a"), 5);
    assert.deepEqual(limit.read(), { admitted: 3, delayed: 0, rejected: 2, untracked: 0 });
    for (const token of tokens) limit.close(token);
    assert.equal(limit.countOf("a"), 0);
  });

  it("lets strangers through uncounted when the table is full of holders, and forgets no holder", () => {
    const limit = make({ keysMax: 8 });
    const tokens = new Map<string, number>();
    for (let key = 0; key < 400; key++) tokens.set(String(key), limit.open(String(key)));
    const counted = [...tokens].filter(([, token]) => token !== uncountedToken);
    assert.ok(counted.length >= 8 && counted.length < 400);
    for (const [key] of counted) assert.equal(limit.countOf(key), 1);
    assert.equal(limit.read().untracked, 400 - counted.length);
    for (const token of tokens.values()) limit.close(token);
    for (const [key] of counted) assert.equal(limit.countOf(key), 0);
    assert.ok(limit.open("a newcomer") >= 0, "there is room again");
  });

  it("takes a newer limit without losing count", () => {
    const limit = make();
    for (let open = 0; open < 3; open++) limit.open("a");
    const tighter = ConnectionLimit.attach(limit.share, 0, { ...settings, max: 1 });
    assert.equal(tighter.open("a"), refusedToken);
    assert.equal(tighter.countOf("a"), 3);
  });

  it("gives back what a dead worker held and nothing else", () => {
    const limit = make({}, 2);
    const other = ConnectionLimit.attach(limit.share, 1, settings);
    limit.open("a");
    other.open("a");
    other.open("b");
    limit.releaseWorker(1);
    assert.deepEqual([limit.countOf("a"), limit.countOf("b")], [1, 0]);
  });

  it("agrees with a plain count whatever is opened and closed in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 200 }), (steps) => {
        const limit = make();
        const open = new Map<string, number[]>();
        for (const [number, isOpening] of steps) {
          const key = `client ${number}`;
          const tokens = open.get(key) ?? [];
          open.set(key, tokens);
          if (isOpening) {
            const token = limit.open(key);
            assert.equal(token === refusedToken, tokens.length >= 3);
            if (token >= 0) tokens.push(token);
          } else if (tokens.length > 0) {
            limit.close(tokens.pop()!);
          }
          assert.equal(limit.countOf(key), tokens.length);
        }
      }),
    );
  });
});

const hammer = `
  import { parentPort, workerData } from "node:worker_threads";
  const { module, share, settings, index, steps } = workerData;
  const { ConnectionLimit } = await import(module);
  const limit = ConnectionLimit.attach(share, index, settings);
  const held = [];
  for (let step = 0; step < steps; step++) {
    const token = limit.open("client " + ((step * 31 + index * 17) % 300));
    if (token >= 0) held.push(token);
    if (limit.countOf("client " + (step % 300)) > settings.max) throw new Error("over the limit");
    if (held.length > 5) limit.close(held.splice(step % held.length, 1)[0]);
  }
  parentPort.postMessage(held.length);
  if (index !== 0) for (const token of held) limit.close(token);
`;

describe("ConnectionLimit under real threads", () => {
  it("never exceeds the limit and ends at zero when three threads open and close", async () => {
    const few = { max: 2, keysMax: 1000, mode: "enforce" } as const;
    const limit = ConnectionLimit.create(few, 3, seededRandom(3));
    const module = new URL("connection-limit.ts", import.meta.url).href;
    const held = await Promise.all(
      [0, 1, 2].map((index) =>
        runThread({ module, share: limit.share, settings: few, index, steps: 60_000 }),
      ),
    );
    const sum = (): number =>
      Array.from({ length: 300 }, (_, key) => limit.countOf(`client ${key}`)).reduce((a, b) => a + b, 0);
    assert.equal(sum(), held[0], "only the first thread kept its own");
    limit.releaseWorker(0);
    assert.equal(sum(), 0);
  });
});

function runThread(workerData: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(hammer)}`), { workerData });
    let held = -1;
    worker.on("message", (count: number) => {
      held = count;
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(held));
  });
}
