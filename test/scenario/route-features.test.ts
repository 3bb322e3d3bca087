import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, startNamedOrigin } from "../support/named-origins.ts";
import { startBalancerRig } from "../support/balancer-rig.ts";

/** Until `isSo`, looking again with each turn of the event loop. */
async function eventually(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5000; turn++) {
    if (isSo()) return;
    await new Promise((resolve) => void setImmediate(resolve));
  }
  assert.fail("it never came to be");
}

test("mirror: copies go to the other pool with their bodies, and their answers to nobody", async () => {
  const mirror = await startNamedOrigin("mirror");
  mirror.respond = (_incoming, outgoing) => void outgoing.writeHead(500).end("x".repeat(1000));
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    route: { mirror: { pool: "shadow" } },
    config: { pools: { shadow: { endpoints: [mirror.url] } } },
  });
  for (let i = 0; i < 3; i++) {
    const answer = await rig.ask({ method: "POST", path: `/p${i}`, body: `body ${i}` });
    assert.equal(answer.body, "app-1");
  }
  await rig.ask("/get");
  await eventually(() => mirror.seen.length === 4);
  assert.deepEqual(mirror.seen.toSorted(), [
    "GET /get",
    "POST /p0 body 0",
    "POST /p1 body 1",
    "POST /p2 body 2",
  ]);
  assert.equal(rig.origin("app-1").seen.length, 4);
  await rig.balancer.close();
  await mirror.close();
});

test("mirror: a pool that does not answer holds nobody up, takes no more than it may, and longer bodies are not copied", async () => {
  const mirror = await startNamedOrigin("mirror");
  mirror.respond = () => {};
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    route: { name: "r", mirror: { pool: "shadow", concurrency: 2, bodyBytes: 10 } },
    config: { pools: { shadow: { endpoints: [mirror.url] } } },
  });
  await rig.ask({ method: "POST", path: "/long", body: "longer than ten bytes" });
  for (let i = 0; i < 5; i++) assert.equal((await rig.ask(`/${i}`)).status, 200);
  await eventually(() => mirror.seen.length === 2);
  assert.deepEqual(mirror.seen.toSorted(), ["GET /0", "GET /1"]);
  const counted = (feature: string): unknown =>
    rig.balancer.stats().protections.find((each) => each.scope === "route r" && each.feature === feature)
      ?.enforced;
  assert.equal(counted("mirror"), 2);
  assert.equal(counted("mirror-drop"), 3);
  await rig.balancer.close({ graceMs: 0 });
  await mirror.close();
});

test("mirror: a dead pool costs the original nothing", async () => {
  const mirror = await startNamedOrigin("mirror");
  await mirror.close();
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    route: { mirror: { pool: "shadow" } },
    config: { pools: { shadow: { endpoints: [mirror.url] } } },
  });
  assert.deepEqual(await rig.bodies(3), ["app-1", "app-1", "app-1"]);
  assert.ok(rig.records.every(({ cause, failedAttempts }) => cause === null && failedAttempts.length === 0));
});

test("error pages: Headgate's own errors get the route's page and keep their cause", async () => {
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    endpoints: { "app-1": { state: "maintenance" } },
    route: {
      errorPages: [
        { statuses: ["404"], body: "never" },
        { statuses: ["500-599"], body: "<h1>${response.status} on ${request.path}</h1>" },
      ],
    },
  });
  const answer = await rig.ask("/here");
  assert.equal(answer.status, 503);
  assert.equal(answer.body, "<h1>503 on /here</h1>");
  assert.equal(answer.header("content-type"), "text/html; charset=utf-8");
  assert.equal(answer.header("headgate-cause"), "no-endpoint");
  assert.equal(answer.header("retry-after"), "1");
});

test("error pages: an endpoint's error is replaced where the page says so, and its connection goes on", async () => {
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    route: {
      errorPages: [
        { statuses: ["404"], body: "no such page", contentType: "text/plain", replaceUpstream: true },
        { statuses: ["500"], body: "never seen" },
        { statuses: ["403"], body: "", status: 404, replaceUpstream: true },
      ],
    },
  });
  rig.origin("app-1").respond = (incoming, outgoing) => {
    outgoing
      .writeHead(Number((incoming.url ?? "").slice(1)), { "x-own": "1" })
      .end("the application's own page");
  };
  const notFound = await rig.ask("/404");
  assert.deepEqual(
    [notFound.status, notFound.body, notFound.header("x-own")],
    [404, "no such page", undefined],
  );
  const failed = await rig.ask("/500");
  assert.deepEqual([failed.status, failed.body], [500, "the application's own page"]);
  const hidden = await rig.ask("/403");
  assert.deepEqual([hidden.status, hidden.body], [404, ""]);
  assert.equal((await rig.ask({ method: "HEAD", path: "/404" })).status, 404);
  const state = [...rig.balancer.shared.endpoints()][0]?.state;
  assert.equal(state?.readTotals().connectionsOpened, 1, "all went over one connection");
  assert.equal(state?.readTotals().responses4xx, 3, "the endpoint's own statuses are counted");
});

test("paces: a response and a request take as long as their bytes per second allow", async () => {
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    route: { limits: { responseBytesPerSecond: "100KiB", requestBytesPerSecond: "100KiB" } },
  });
  const text = "x".repeat(75 * 1024);
  rig.origin("app-1").respond = (_incoming, outgoing, body) => void outgoing.end(body);
  const startMs = performance.now();
  const answer = await rig.ask({ method: "POST", body: text });
  const tookMs = performance.now() - startMs;
  assert.equal(answer.body, text);
  // Of 75 KiB each way, 25 KiB pass at once and 50 KiB take half a second; timers are never early.
  assert.ok(tookMs > 450, `${tookMs} ms`);
  assert.ok((await rig.ask()).status === 200);
});

test("retries may differ by route", async () => {
  await using rig = await startBalancerRig({
    origins: ["app-1", "app-2"],
    route: { match: { path: "/once" }, retry: { attempts: 1 } },
    config: {
      routes: [{ match: { path: "/both" }, pool: "app", retry: { statuses: ["500"] } }, { pool: "app" }],
    },
  });
  rig.origin("app-1").respond = (_incoming, outgoing) => void outgoing.writeHead(500).end();
  rig.origin("app-2").respond = (incoming) => void incoming.socket.destroy();
  const statuses = async (path: string): Promise<number[]> => [
    (await rig.ask(path)).status,
    (await rig.ask(path)).status,
  ];
  assert.deepEqual(
    (await statuses("/once")).toSorted((a, b) => a - b),
    [500, 502],
  );
  assert.deepEqual(await statuses("/"), [500, 500], "a reset is retried, a status is not");
  rig.origin("app-2").respond = (_incoming, outgoing) => void outgoing.end();
  assert.deepEqual(await statuses("/both"), [200, 200]);
});

test("connections of one client address are limited, and given back", async () => {
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    config: { listeners: [{ address: "127.0.0.1:0", limits: { connectionsPerClient: 2 } }] },
  });
  const hold: (() => void)[] = [];
  const { promise: bothHeld, resolve: areHeld } = Promise.withResolvers<void>();
  rig.origin("app-1").respond = (_incoming, outgoing) => {
    hold.push(() => void outgoing.end("late"));
    if (hold.length === 2) areHeld();
  };
  const held = [ask(rig.port), ask(rig.port)];
  await bothHeld;
  const refused = await ask(rig.port);
  assert.equal(refused.status, 429);
  assert.equal(refused.header("headgate-cause"), "over-client-limit");
  assert.equal(refused.header("retry-after"), "1");
  for (const release of hold) release();
  await Promise.all(held);
  rig.origin("app-1").respond = (_incoming, outgoing) => void outgoing.end("on time");
  const [limit] = rig.balancer.shared.clientLimits.values();
  await eventually(() => limit?.countOf("127.0.0.1") === 0);
  assert.equal((await ask(rig.port)).body, "on time");
  const stats = rig.balancer.stats().protections.find(({ feature }) => feature === "connections-per-client");
  assert.equal(stats?.enforced, 1);
});

test("a trusted proxy's connections are not limited", async () => {
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    config: {
      listeners: [
        { address: "127.0.0.1:0", limits: { connectionsPerClient: 1 }, trustedProxies: ["127.0.0.0/8"] },
      ],
    },
  });
  const answers = await Promise.all([rig.ask(), rig.ask(), rig.ask()]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
});

test("faults: a share of requests is held back or answered on purpose, and the rest is not", async () => {
  await using rig = await startBalancerRig({
    origins: ["app-1"],
    config: {
      routes: [
        { match: { path: "/late" }, pool: "app", faults: { delay: { duration: "80ms" } } },
        { match: { path: "/some" }, pool: "app", faults: { abort: { status: 418, share: "50%" } } },
        { match: { path: "/none" }, pool: "app", faults: { abort: { status: 418, share: "0%" } } },
      ],
    },
  });
  const startMs = performance.now();
  assert.equal((await rig.ask("/late")).status, 200);
  assert.ok(performance.now() - startMs >= 79, "timers are never early");
  const statuses = async (path: string): Promise<Set<number>> => {
    const answers = await Promise.all(Array.from({ length: 40 }, async () => rig.ask(path)));
    return new Set(answers.map(({ status }) => status));
  };
  assert.deepEqual(await statuses("/some"), new Set([200, 418]));
  assert.deepEqual(await statuses("/none"), new Set([200]));
});
