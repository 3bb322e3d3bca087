/** The order in which waiting requests are served: by importance, and within a class by turns of the clients. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BalancerRig, startBalancerRig } from "../support/balancer-rig.ts";
import { connectRaw } from "../support/raw-client.ts";
import { turns } from "../support/signal.ts";

interface Waiting {
  readonly path: string;
  /** Loopback address that the request comes from, as a trusted proxy says. */
  readonly client?: string;
}

/** The order in which `asked` reach the endpoint, which takes one at a time and is busy while they come. */
async function orderServed(rig: BalancerRig, asked: readonly Waiting[]): Promise<string[]> {
  const { promise: isBusy, resolve: busy } = Promise.withResolvers<() => void>();
  rig.origin("a").respond = (_incoming, outgoing) => {
    rig.origin("a").respond = (_again, other) => void other.end();
    busy(() => void outgoing.end());
  };
  const first = rig.ask("/first");
  const release = await isBusy;
  const answers = [];
  for (const [index, { path, client = "10.0.0.1" }] of asked.entries()) {
    answers.push(rig.ask({ path, headers: { "x-forwarded-for": client } }));
    while (rig.balancer.shared.pools.get("app")?.protections.waiting !== index + 1) await turns();
  }
  release();
  await first;
  assert.ok((await Promise.all(answers)).every(({ status }) => status === 200));
  return rig
    .origin("a")
    .seen.slice(1)
    .map((line) => line.replace("GET ", ""));
}

const options = {
  origins: ["a"],
  endpoints: { a: { maxRequests: 1 } },
  pool: { queue: { timeout: "1m" } },
} as const;

test("important requests are served before ordinary ones, and those before the rest", async () => {
  await using rig = await startBalancerRig({
    ...options,
    config: {
      routes: [
        { match: { path: "/low/*" }, importance: "low", pool: "app" },
        { match: { path: "/high/*" }, importance: "high", pool: "app" },
        { pool: "app" },
      ],
    },
  });
  const order = await orderServed(
    rig,
    ["/low/1", "/normal/1", "/high/1", "/low/2", "/normal/2", "/high/2"].map((path) => ({ path })),
  );
  assert.deepEqual(order, ["/high/1", "/high/2", "/normal/1", "/normal/2", "/low/1", "/low/2"]);
});

test("a client with many requests waiting does not keep others from their turn", async () => {
  await using rig = await startBalancerRig({
    ...options,
    config: { listeners: [{ address: "127.0.0.1:0", trustedProxies: ["127.0.0.1"] }] },
  });
  const order = await orderServed(rig, [
    { path: "/greedy-1", client: "10.0.0.1" },
    { path: "/greedy-2", client: "10.0.0.1" },
    { path: "/greedy-3", client: "10.0.0.1" },
    { path: "/modest-1", client: "10.0.0.2" },
    { path: "/third-1", client: "10.0.0.3" },
  ]);
  assert.deepEqual(order, ["/greedy-1", "/modest-1", "/third-1", "/greedy-2", "/greedy-3"]);
});

test("a client that leaves the queue is not served, and takes nobody's place", async () => {
  await using rig = await startBalancerRig(options);
  const { promise: isBusy, resolve: busy } = Promise.withResolvers<() => void>();
  rig.origin("a").respond = (_incoming, outgoing) => {
    rig.origin("a").respond = (_again, other) => void other.end();
    busy(() => void outgoing.end());
  };
  const first = rig.ask("/first");
  const release = await isBusy;
  const waiting = (): number => rig.balancer.shared.pools.get("app")?.protections.waiting ?? 0;
  const leaving = await connectRaw(rig.port);
  leaving.send("GET /left HTTP/1.1\r\nHost: a\r\n\r\n");
  while (waiting() !== 1) await turns();
  leaving.reset();
  while (waiting() !== 0) await turns();
  const staying = rig.ask("/stayed");
  while (waiting() !== 1) await turns();
  release();
  await Promise.all([first, staying]);
  assert.deepEqual(rig.origin("a").seen, ["GET /first", "GET /stayed"]);
});
