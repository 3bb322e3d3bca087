/** Every refusal for want of capacity has its own cause, a status that says so, and one Retry-After. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BalancerRigOptions, startBalancerRig } from "../support/balancer-rig.ts";

interface Refusal extends BalancerRigOptions {
  readonly cause: string;
  readonly status?: number;
  readonly retryAfter?: RegExp;
  /** Requests that hang at the endpoint meanwhile. */
  readonly held?: number;
  /** Requests whose connection breaks at the endpoint before. */
  readonly broken?: number;
  /** Requests that are answered before. */
  readonly answered?: number;
}

const one = { origins: ["a"], endpoints: { a: { maxRequests: 1 } } } as const;

const refusals: readonly Refusal[] = [
  { cause: "no-endpoint", origins: ["a"], endpoints: { a: { state: "maintenance" } } },
  { cause: "pool-full", ...one, held: 1 },
  { cause: "queue-full", ...one, pool: { queue: { size: 1, timeout: "1m" } }, held: 2 },
  { cause: "queue-timeout", ...one, pool: { queue: { timeout: "1ms" } }, held: 1 },
  {
    cause: "concurrency-limit",
    origins: ["a"],
    pool: { concurrency: { min: 1, max: 1, initial: 1 } },
    held: 1,
  },
  {
    cause: "shed",
    origins: ["a"],
    endpoints: { a: { maxRequests: 2 } },
    pool: { shed: { low: "60%", normal: "70%", retryAfter: "9s" } },
    held: 1,
    retryAfter: /^9$/,
  },
  {
    cause: "rate-limited",
    status: 429,
    origins: ["a"],
    route: { rateLimits: ["one"] },
    config: { rateLimits: { one: { rate: "1/m" } } },
    answered: 1,
    retryAfter: /^(?:59|60)$/,
  },
  {
    cause: "rate-limited",
    status: 503,
    origins: ["a"],
    route: { rateLimits: ["one"] },
    config: { rateLimits: { one: { rate: "1/m", status: 503, headers: false } } },
    answered: 1,
    retryAfter: /^(?:59|60)$/,
  },
  {
    cause: "rate-limited",
    status: 503,
    origins: ["a"],
    route: { rateLimits: ["one"] },
    config: { rateLimits: { one: { rate: "1/m", status: 503 } } },
    answered: 1,
    retryAfter: /^(?:59|60)$/,
  },
  {
    cause: "over-client-limit",
    status: 429,
    origins: ["a"],
    config: { listeners: [{ address: "127.0.0.1:0", limits: { connectionsPerClient: 1 } }] },
    held: 1,
  },
  {
    cause: "over-connection-limit",
    origins: ["a"],
    config: { listeners: [{ address: "127.0.0.1:0", limits: { connections: 1 } }] },
    held: 1,
  },
  {
    cause: "max-fails",
    origins: ["a", "b"],
    pool: { retry: { attempts: 1 }, maxFails: { fails: 1, timeout: "1h" } },
    broken: 2,
  },
  {
    cause: "max-fails",
    origins: ["a", "b"],
    pool: { retry: { attempts: 1 }, maxFails: { fails: 1, timeout: "1h" }, queue: { timeout: "1m" } },
    broken: 2,
  },
];

for (const {
  cause,
  status = 503,
  retryAfter = /^1$/,
  held = 0,
  broken = 0,
  answered = 0,
  ...rest
} of refusals) {
  test(`${cause}: ${status} ${JSON.stringify(rest.pool ?? rest.config ?? rest.endpoints)}`, async () => {
    await using rig = await startBalancerRig(rest);
    const release: (() => void)[] = [];
    const atOrigin = (): number => rig.origins.reduce((sum, { seen }) => sum + seen.length, 0);
    for (let i = 0; i < answered; i++) assert.equal((await rig.ask()).status, 200);
    for (const origin of rig.origins) origin.respond = (incoming) => void incoming.socket.destroy();
    for (let i = 0; i < broken; i++) assert.equal((await rig.ask()).status, 502);
    for (const origin of rig.origins)
      origin.respond = (_incoming, outgoing) => void release.push(() => outgoing.end());
    const waiting: Promise<unknown>[] = [];
    for (let i = 0; i < held; i++) {
      waiting.push(rig.ask());
      const pool = rig.balancer.shared.pools.get("app");
      while (atOrigin() + (pool?.protections.waiting ?? 0) < i + 1)
        await new Promise((resolve) => void setImmediate(resolve));
    }

    const refused = await rig.ask();
    assert.equal(refused.header("headgate-cause"), cause);
    assert.equal(refused.status, status);
    assert.match(refused.header("retry-after") ?? "none", retryAfter);

    for (const origin of rig.origins) origin.respond = (_incoming, outgoing) => void outgoing.end();
    for (const end of release) end();
    await Promise.all(waiting);
  });
}
