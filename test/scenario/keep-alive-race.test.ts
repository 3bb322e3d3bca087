import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../src/core/random.ts";
import { race, startShortLivedOrigin } from "../support/keep-alive-race.ts";
import { startProxy } from "../support/start-proxy.ts";

const keepAliveMs = 40;
const aim = { clients: 24, pauseMs: [keepAliveMs - 2, keepAliveMs + 3] } as const;
const plainPool = { connections: { learnIdleTimeout: false }, retry: { on: [] } };

test("a plain pool meets closing connections, and its clients see it", { timeout: 60_000 }, async () => {
  await using origin = await startShortLivedOrigin(keepAliveMs);
  const proxy = await startProxy({ origins: [origin.port], pool: plainPool });
  const tally = await race({
    ...aim,
    port: proxy.port,
    method: "GET",
    requests: 20_000,
    random: seededRandom(1),
    isEnough: ({ failures }) => failures.size > 0,
  });
  await proxy.close();
  assert.ok(tally.failures.size > 0, `${tally.sent} requests, and none met a closing connection`);
});

test("no GET fails on a connection that its endpoint closes", { timeout: 60_000 }, async () => {
  await using origin = await startShortLivedOrigin(keepAliveMs);
  const proxy = await startProxy({ origins: [origin.port] });
  const tally = await race({
    ...aim,
    port: proxy.port,
    method: "GET",
    requests: 1500,
    random: seededRandom(1),
  });
  await proxy.close();
  assert.deepEqual(Object.fromEntries(tally.failures), {});
  assert.equal(tally.ok, 1500);
});

test("no POST is lost on one, and none is sent twice", { timeout: 60_000 }, async () => {
  await using origin = await startShortLivedOrigin(keepAliveMs);
  const proxy = await startProxy({ origins: [origin.port] });
  const tally = await race({
    ...aim,
    port: proxy.port,
    method: "POST",
    requests: 1500,
    random: seededRandom(1),
  });
  const answered = await origin.answered();
  await proxy.close();
  assert.deepEqual(Object.fromEntries(tally.failures), {});
  assert.equal(answered, 1500);
});
