/** Who gets traffic, seen from a client: tiers, zones, `first`, bindings that are gone, probation, hedges. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BalancerRig, startBalancerRig } from "../support/balancer-rig.ts";
import type { EndpointState } from "../../src/upstream/endpoint-state.ts";
import { turns } from "../support/signal.ts";

function stateOf(rig: BalancerRig, name: string): EndpointState {
  const found = [...rig.balancer.shared.endpoints()].find(({ config }) => config.name === name);
  assert.ok(found !== undefined, `there is an endpoint ${name}`);
  return found.state;
}

/** As if probes had said so. */
function setDown(rig: BalancerRig, ...names: readonly string[]): void {
  for (const { config, state } of rig.balancer.shared.endpoints())
    state.setStatus("down", names.includes(config.name));
  for (const { version } of rig.balancer.shared.pools.values()) version.bump();
}

async function sharesOf(rig: BalancerRig, count: number): Promise<Map<string, number>> {
  const shares = new Map<string, number>();
  for (const body of await rig.bodies(count)) shares.set(body, (shares.get(body) ?? 0) + 1 / count);
  return shares;
}

test("backups serve only while no primary can, whichever way it went out", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b", "spare"],
    endpoints: { spare: { backup: true }, b: { maxRequests: 1 } },
  });
  assert.deepEqual(new Set(await rig.bodies(4)), new Set(["a", "b"]));
  setDown(rig, "a");
  assert.deepEqual(new Set(await rig.bodies(4)), new Set(["b"]));
  const { promise: isHeld, resolve: held } = Promise.withResolvers<() => void>();
  rig.origin("b").respond = (_incoming, outgoing) => held(() => void outgoing.end("b"));
  const first = rig.ask();
  const release = await isHeld;
  assert.equal((await rig.ask()).body, "spare", "the only primary left is full");
  release();
  await first;
  setDown(rig, "a", "b");
  assert.deepEqual(new Set(await rig.bodies(2)), new Set(["spare"]));
  setDown(rig);
  rig.origin("b").respond = (_incoming, outgoing) => void outgoing.end("b");
  assert.deepEqual(new Set(await rig.bodies(4)), new Set(["a", "b"]));
});

test("a tier that may spill gives away what it cannot bear, with the stated overprovisioning", async () => {
  const names = ["a", "b", "c", "d"];
  await using rig = await startBalancerRig({
    origins: [...names, "next"],
    endpoints: { next: { priority: 1 } },
    pool: { tiers: { spill: true } },
  });
  const part = async (): Promise<number> => (await sharesOf(rig, 400)).get("next") ?? 0;
  setDown(rig, "a");
  assert.equal(await part(), 0, "three of four times 1.4 is enough for all");
  setDown(rig, "a", "b");
  const spilled = await part();
  assert.ok(Math.abs(spilled - 0.3) < 0.08, `half times 1.4 bears 70 %, and ${spilled} went on`);
});

test("a zone keeps what it can bear and the rest spills over by share", async () => {
  const far = ["b1", "b2", "b3"];
  await using rig = await startBalancerRig({
    origins: ["a1", "a2", "a3", ...far],
    endpoints: Object.fromEntries(
      ["a1", "a2", "a3", ...far].map((name) => [name, { zone: name.slice(0, 1) }]),
    ),
    pool: { zones: { preferLocal: true } },
    config: { zone: "a" },
  });
  const away = async (): Promise<number> => {
    const shares = await sharesOf(rig, 300);
    return far.reduce((sum, name) => sum + (shares.get(name) ?? 0), 0);
  };
  assert.equal(await away(), 0);
  setDown(rig, "a1", "a2");
  // One of four that are left stands for a quarter; two zones expect half of it here.
  const spilled = await away();
  assert.ok(Math.abs(spilled - 0.5) < 0.1, `${spilled}`);
  setDown(rig, "a1", "a2", "a3");
  assert.ok((await away()) > 0.999);
});

test("panic: with fewer left than the threshold, those who are down serve, too", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b", "c", "d"],
    pool: { panic: { threshold: "50%" } },
  });
  setDown(rig, "a", "b");
  assert.deepEqual(new Set(await rig.bodies(8)), new Set(["c", "d"]), "half is left: that is not below");
  setDown(rig, "a", "b", "c");
  assert.deepEqual(new Set(await rig.bodies(8)), new Set(["a", "b", "c", "d"]));
});

test("first fills one endpoint up before it turns to the next, and comes back to it", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b", "c"],
    endpoints: { a: { maxRequests: 2 }, b: { maxRequests: 1 }, c: { maxRequests: 1 } },
    pool: { policy: "first" },
  });
  const held: (() => void)[] = [];
  for (const origin of rig.origins)
    origin.respond = (_incoming, outgoing) => void held.push(() => void outgoing.end(origin.name));
  const asked = [];
  for (let i = 0; i < 4; i++) {
    asked.push(rig.ask());
    while (held.length <= i) await turns();
  }
  assert.equal((await rig.ask()).header("headgate-cause"), "pool-full");
  for (const release of held) release();
  assert.deepEqual(
    (await Promise.all(asked)).map(({ body }) => body),
    ["a", "a", "b", "c"],
  );
  for (const origin of rig.origins) origin.respond = (_incoming, outgoing) => void outgoing.end(origin.name);
  assert.deepEqual(await rig.bodies(3), ["a", "a", "a"]);
});

test("rebind: a client whose endpoint was removed is served and bound elsewhere", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b", "c"],
    pool: { sticky: { kind: "cookie" } },
  });
  const bound = await rig.ask();
  const cookie = (bound.header("set-cookie") ?? "").split(";")[0] ?? "";
  await rig.balancer.removeEndpoint("app", bound.body);
  const answer = await rig.ask({ headers: { cookie } });
  assert.equal(answer.status, 200);
  assert.notEqual(answer.body, bound.body);
  const again = (answer.header("set-cookie") ?? "").split(";")[0] ?? "";
  assert.deepEqual(await rig.bodies(2, { headers: { cookie: again } }), [answer.body, answer.body]);
});

test("probation lets one request at a time through, and enough good ones end it", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b"],
    pool: {
      retry: { attempts: 1 },
      outlier: {
        consecutive: { errors: 2 },
        ejection: { base: "50ms", max: "50ms", jitter: "0%" },
        probation: { requests: 3 },
      },
    },
  });
  rig.origin("a").respond = (_incoming, outgoing) => void outgoing.writeHead(500).end();
  await rig.bodies(4);
  const state = stateOf(rig, "a");
  while (!state.hasStatus("ejected")) await turns();
  const held: (() => void)[] = [];
  rig.origin("a").respond = (_incoming, outgoing) => void held.push(() => void outgoing.end("a"));
  while (!state.hasStatus("probation")) await turns();
  const asked = Array.from({ length: 12 }, async () => rig.ask());
  while (rig.records.length < 15) await turns();
  assert.equal(held.length, 1, "eleven of twelve went to the other");
  held[0]?.();
  await Promise.all(asked);
  rig.origin("a").respond = (_incoming, outgoing) => void outgoing.end("a");
  while (state.hasStatus("probation")) await rig.bodies(2);
  assert.equal(state.hasStatus("ejected"), false);
  assert.equal(state.requestsMax, 0, "no limit is left behind");
});

test("hedges live on the retry budget: with nothing in it none is sent", { timeout: 60_000 }, async () => {
  for (const [budget, isHedged] of [
    [{ share: "0%", floor: 0 }, false],
    [{ share: "100%", floor: 10 }, true],
  ] as const) {
    await using rig = await startBalancerRig({
      origins: ["a", "b", "c"],
      pool: { hedge: { percentile: 50, delayMin: "5ms" }, retry: { budget } },
    });
    const pool = rig.balancer.shared.pools.get("app");
    rig.origin("a").respond = (_incoming, outgoing) => void setTimeout(() => outgoing.end("a"), 60);
    const acted = (): number => pool?.protections.read("hedge").enforced ?? 0;
    const refused = (): number => pool?.protections.read("retry-budget").enforced ?? 0;
    // Until enough was seen to know what is slow.
    while (acted() + refused() < 2) await Promise.all(Array.from({ length: 9 }, async () => rig.ask()));
    assert.equal(acted() > 0, isHedged);
    assert.equal(refused() > 0, !isHedged);
    assert.equal(
      rig.records.some(({ attemptCount }) => attemptCount > 1),
      isHedged,
    );
  }
});

test("an endpoint at its most connections gets nothing until one of them is free", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b"],
    endpoints: { a: { maxConnections: 1 } },
    pool: { policy: "first" },
  });
  const { promise: isHeld, resolve: held } = Promise.withResolvers<() => void>();
  rig.origin("a").respond = (_incoming, outgoing) => held(() => void outgoing.end("a"));
  const first = rig.ask();
  const release = await isHeld;
  assert.equal((await rig.ask()).body, "b");
  release();
  await first;
  rig.origin("a").respond = (_incoming, outgoing) => void outgoing.end("a");
  assert.equal((await rig.ask()).body, "a");
  assert.equal(stateOf(rig, "a").readTotals().connectionsOpened, 1);
});

for (const algorithm of ["ketama", "maglev", "rendezvous", "modulo"] as const) {
  test(`hash, ${algorithm}: a header's value has its endpoint, keeps it, and moves only when that goes`, async () => {
    await using rig = await startBalancerRig({
      origins: ["a", "b", "c", "d"],
      pool: { policy: { name: "hash", key: "${request.header.x-user}", algorithm } },
    });
    const homesOf = async (): Promise<Map<string, string>> => {
      const homes = new Map<string, string>();
      for (let user = 0; user < 40; user++) {
        const [first, second] = await rig.bodies(2, { headers: { "x-user": `user-${user}` } });
        assert.equal(first, second);
        homes.set(`user-${user}`, first ?? "");
      }
      return homes;
    };
    const before = await homesOf();
    assert.equal(new Set(before.values()).size, 4);
    setDown(rig, "b");
    const after = await homesOf();
    for (const [user, home] of before) {
      if (home === "b") assert.notEqual(after.get(user), "b");
      else if (algorithm !== "modulo") assert.equal(after.get(user), home, `${user} had no reason to move`);
    }
    setDown(rig);
    assert.deepEqual(await homesOf(), before);
  });
}
