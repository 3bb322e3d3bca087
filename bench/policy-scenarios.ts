/**
 * Every policy in the scenarios that decide about a default: pools as production builds them, under
 * virtual time, so the same seed gives the same table on every machine. Prints Markdown.
 *
 *   node bench/policy-scenarios.ts [seed, 1]
 */
import type { ConfigInput } from "../src/config/schema.ts";
import {
  PoolSimulation,
  quantile,
  type SimulatedRequest,
  type Server,
} from "../test/support/pool-simulation.ts";

type PoolInput = Omit<NonNullable<ConfigInput["pools"]>[string], "endpoints">;
type PolicyInput = NonNullable<PoolInput["policy"]>;

const policies: readonly (readonly [string, PolicyInput])[] = [
  ["round-robin", "round-robin"],
  ["random", "random"],
  ["least-request", "least-request"],
  ["least-request of 2", { name: "least-request", choices: 2 }],
  ["power-of-two", "power-of-two"],
  ["least-time", "least-time"],
  ["peak-ewma", "peak-ewma"],
  ["peak-ewma of all", { name: "peak-ewma", choices: 0 }],
  ["ip-hash", "ip-hash"],
  ["hash, ketama", "hash"],
  ["hash, maglev", { name: "hash", algorithm: "maglev" }],
  ["hash, rendezvous", { name: "hash", algorithm: "rendezvous" }],
  ["hash, bounded 1.25", { name: "hash", boundedLoad: 1.25 }],
  ["first", "first"],
];

const seed = Number(process.argv[2] ?? 1);
const good = { serviceMs: 10 };
const failing = { serviceMs: 0.5, isFailing: true };

interface Run {
  readonly policy: PolicyInput;
  readonly servers: readonly (Partial<Server> & { endpoint?: { weight?: number; maxRequests?: number } })[];
  readonly perSecond: number;
  readonly warmUpMs?: number;
  readonly forMs: number;
  readonly pool?: Omit<PoolInput, "policy">;
  readonly extraSeed?: number;
}

function simulate({
  policy,
  servers,
  perSecond,
  warmUpMs = 0,
  forMs,
  pool,
  extraSeed = 0,
}: Run): readonly SimulatedRequest[] {
  const simulation = new PoolSimulation({ pool: { ...pool, policy }, servers, seed: seed + extraSeed });
  if (warmUpMs > 0) simulation.run({ perSecond, forMs: warmUpMs });
  const records = simulation.run({ perSecond, forMs });
  simulation.close();
  return records;
}

function share(records: readonly SimulatedRequest[], endpoint: number): number {
  return records.filter((record) => record.endpoint === endpoint).length / records.length;
}

function latency(records: readonly SimulatedRequest[], part: number): string {
  const latencies = records.filter(({ outcome }) => outcome === "ok").map(({ latencyMs }) => latencyMs);
  return msText(quantile(latencies, part));
}

function msText(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

/** Worst deviation of a share from its weight's, as a part of it. */
function weightError(policy: PolicyInput, perSecond: number): number {
  const weights = [4, 2, 1, 1];
  const servers = weights.map((weight) => ({ servers: 8 * weight, endpoint: { weight } }));
  const records = simulate({ policy, servers, perSecond, warmUpMs: 1000, forMs: 10_000 });
  return Math.max(...weights.map((weight, index) => Math.abs((share(records, index) * 8) / weight - 1)));
}

/** How many times its fair share one of ten gets in the first tenth of a second after it was ejected. */
function herd(policy: PolicyInput): number {
  const servers = [{ ...good, isFailing: true }, ...Array.from({ length: 9 }, () => good)];
  const outlier = { ejection: { base: "5s", jitter: "0%" }, probation: { requests: 0 } } as const;
  const simulation = new PoolSimulation({ pool: { policy, outlier }, servers, seed });
  const [back] = simulation.shared.endpoints();
  simulation.run({ perSecond: 4000, forMs: 1000 });
  simulation.servers[0]!.isFailing = false;
  while (back?.state.hasStatus("ejected") === true) simulation.run({ perSecond: 4000, forMs: 10 });
  const records = simulation.run({ perSecond: 4000, forMs: 100 });
  simulation.close();
  return share(records, 0) * 10;
}

/** Some requests take fifty times as long, at two thirds of the capacity; the worst of five seeds. */
function heavyP95(policy: PolicyInput, heavyShare: number): string {
  const servers = Array.from({ length: 4 }, () => ({ ...good, heavyShare }));
  const perSecond = (4 * 8 * 100 * (2 / 3)) / (1 + 49 * heavyShare);
  const worst = [1, 2, 3, 4, 5].map((extra) => {
    const records = simulate({ policy, servers, perSecond, warmUpMs: 1000, forMs: 5000, extraSeed: extra });
    return quantile(
      records.map(({ latencyMs }) => latencyMs),
      0.95,
    );
  });
  return msText(Math.max(...worst));
}

function rowOf(title: string, policy: PolicyInput): string {
  const quiet = { policy, servers: [good, good, good, good], perSecond: 1000, warmUpMs: 1000, forMs: 4000 };
  const slow = simulate({ ...quiet, servers: [{ serviceMs: 100 }, good, good, good] });
  const broken = { policy, servers: [failing, good, good, good], perSecond: 1000, forMs: 5000 };
  const undetected = simulate(broken);
  const detected = simulate({ ...broken, pool: { outlier: {} } });
  const failedOf = (records: readonly SimulatedRequest[]): number =>
    records.filter(({ outcome }) => outcome === "failed").length;
  const cells = [
    latency(simulate(quiet), 0.99),
    heavyP95(policy, 0.001),
    heavyP95(policy, 0.01),
    latency(slow, 0.5),
    latency(slow, 0.99),
    percent(share(slow, 0)),
    percent(share(undetected, 0)),
    String(failedOf(detected)),
    herd(policy).toFixed(2),
    percent(weightError(policy, 4000)),
  ];
  return `| \`${title}\` | ${cells.join(" | ")} |`;
}

const heads = [
  "policy",
  "equal: p99",
  "0.1 % heavy: p95",
  "1 % heavy: p95",
  "one slow: p50",
  "p99",
  "its share",
  "one failing: its share",
  "requests it failed before ejection",
  "herd",
  "weights",
];
console.log(`| ${heads.join(" | ")} |\n|---|${"---:|".repeat(heads.length - 1)}`);
for (const [title, policy] of policies) console.log(rowOf(title, policy));
