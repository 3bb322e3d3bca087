/** What protections did, or in observe mode would have done, as Prometheus sees it: every number from traffic. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { type BalancerRig, startBalancerRig } from "../support/balancer-rig.ts";

const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;

function scrapeOf({ balancer }: BalancerRig): ReadonlyMap<string, number> {
  const { body } = balancer.observability.metrics({ version: "0.0.0" });
  return new Map(
    [...body.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)].map(([, series = "", value]) => [
      series,
      Number(value),
    ]),
  );
}

function promtoolAgrees({ balancer }: BalancerRig): void {
  if (!hasPromtool) return;
  const input = balancer.observability.metrics({ version: "0.0.0" }).body;
  const check = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
  assert.deepEqual([check.status, check.stderr + check.stdout], [0, ""]);
}

function verdicts(rig: BalancerRig, route: string, limit: string, mode: string): (number | undefined)[] {
  const scraped = scrapeOf(rig);
  const series = `headgate_rate_limit_verdicts_total{route="${route}",limit="${limit}",mode="${mode}"`;
  return ["allowed", "delayed", "rejected"].map((verdict) => scraped.get(`${series},verdict="${verdict}"}`));
}

async function statuses(rig: BalancerRig, path: string, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await rig.ask(path)).status);
  return found;
}

test("verdicts of rate limits are counted by route, limit and mode", async () => {
  await using rig = await startBalancerRig({
    origins: ["a"],
    route: { name: "strict", match: { path: "/strict" }, rateLimits: ["hard", "watched"] },
    config: {
      rateLimits: {
        hard: { rate: "1/m", burst: 1, key: "${request.path}" },
        watched: { rate: "1/m", key: "${request.path}", mode: "observe" },
        patient: { rate: "50/s", action: "delay", delayMax: "1s" },
      },
      routes: [
        { name: "watched", match: { path: "/watched" }, rateLimits: ["watched"], pool: "app" },
        { name: "patient", match: { path: "/patient" }, rateLimits: ["patient"], pool: "app" },
      ],
    },
  });
  assert.deepEqual(verdicts(rig, "strict", "hard", "enforce"), [0, 0, 0], "there before anything happened");
  assert.deepEqual(await statuses(rig, "/strict", 5), [200, 200, 429, 429, 429]);
  assert.deepEqual(await statuses(rig, "/watched", 3), [200, 200, 200]);
  await Promise.all([0, 1, 2].map(async () => rig.ask("/patient")));

  assert.deepEqual(verdicts(rig, "strict", "hard", "enforce"), [2, 0, 3]);
  // Those that the first limit refused never came to the second.
  assert.deepEqual(verdicts(rig, "strict", "watched", "observe"), [1, 0, 1]);
  assert.deepEqual(verdicts(rig, "watched", "watched", "observe"), [1, 0, 2]);
  const [allowed = 0, delayed = 0, rejected] = verdicts(rig, "patient", "patient", "enforce");
  assert.deepEqual([allowed + delayed, rejected], [3, 0]);
  assert.ok(delayed >= 1);
  promtoolAgrees(rig);
});

test("a limit's verdicts survive a reload, and begin anew with another mode", async () => {
  const limits = (mode: "enforce" | "observe") => ({ one: { rate: "1/m", mode } as const });
  await using rig = await startBalancerRig({
    origins: ["a"],
    route: { name: "r", rateLimits: ["one"] },
    config: { rateLimits: limits("enforce") },
  });
  await statuses(rig, "/", 2);
  const input = (mode: "enforce" | "observe", via: string) => ({
    listeners: [{ address: "127.0.0.1:0" }],
    pools: { app: { endpoints: rig.origins.map(({ name, url }) => ({ name, url })) } },
    rateLimits: limits(mode),
    routes: [{ name: "r", rateLimits: ["one"], pool: "app" }],
    via,
  });
  await rig.balancer.apply(input("enforce", "another"));
  assert.deepEqual(verdicts(rig, "r", "one", "enforce"), [1, 0, 1]);
  await rig.balancer.apply(input("observe", "another"));
  await statuses(rig, "/", 2);
  assert.deepEqual(verdicts(rig, "r", "one", "enforce"), [undefined, undefined, undefined]);
  assert.deepEqual(verdicts(rig, "r", "one", "observe"), [1, 0, 1]);
});

test("sheds, hedges and ejections stand with their pool and endpoint", async () => {
  await using rig = await startBalancerRig({
    origins: ["a", "b", "c"],
    endpoints: { a: { maxRequests: 1 }, b: { maxRequests: 1 }, c: { maxRequests: 1 } },
    pool: {
      hedge: { percentile: 50, delayMin: "10ms" },
      retry: { attempts: 2 },
      outlier: { consecutive: { errors: 2 } },
      shed: { low: "0%" },
    },
    route: { name: "all", importance: "low" },
  });
  const slow = (_incoming: unknown, outgoing: { end(text: string): void }): void =>
    void setTimeout(() => outgoing.end("a"), 60);
  rig.origin("a").respond = slow;
  const action = (feature: string): string =>
    `headgate_pool_protection_actions_total{pool="app",feature="${feature}",result="enforced"}`;
  const until = async (series: string): Promise<void> => {
    const giveUpAtMs = performance.now() + 20_000;
    while ((scrapeOf(rig).get(series) ?? 0) === 0) {
      assert.ok(performance.now() < giveUpAtMs, series);
      await Promise.all([rig.ask(), rig.ask()]);
    }
  };
  await until(action("hedge"));
  await until(action("shed"));
  for (const name of ["a", "b", "c"])
    rig.origin(name).respond = (_incoming, outgoing) => void outgoing.writeHead(500).end();
  await until(action("outlier"));
  const scraped = scrapeOf(rig);
  const sum = (start: string, end: string): number =>
    [...scraped].reduce(
      (total, [series, value]) => (series.startsWith(start) && series.endsWith(end) ? total + value : total),
      0,
    );
  assert.equal(sum("headgate_endpoint_hedges_total{", "}"), scraped.get(action("hedge")));
  assert.equal(
    sum("headgate_endpoint_transitions_total{", 'transition="ejected"}'),
    scraped.get(action("outlier")),
  );
  assert.equal(
    scraped.get('headgate_failed_exchanges_total{cause="shed",source="internal",stage="select"}'),
    scraped.get(action("shed")),
  );
  promtoolAgrees(rig);
});
