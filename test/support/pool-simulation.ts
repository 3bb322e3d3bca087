/**
 * A pool as production builds it, from a configuration as users write it, under virtual time: policy,
 * eligibility, averages, outlier detection, slow start, adaptive limit, shedding and queue are the real
 * ones; endpoints are servers with a waiting line, and requests arrive at random at a given rate. The
 * same seed gives the same record.
 */
import { parseConfig } from "../../src/config/parse.ts";
import type { Config, ConfigInput } from "../../src/config/schema.ts";
import { Deadlines } from "../../src/core/deadlines.ts";
import { type Random, randomBelow, seededRandom } from "../../src/core/random.ts";
import { Outliers } from "../../src/runtime/outliers.ts";
import { PoolRegistry } from "../../src/runtime/pool-registry.ts";
import { SharedState } from "../../src/runtime/shared-state.ts";
import { SlowStarts } from "../../src/runtime/slow-starts.ts";
import type { Snapshot } from "../../src/runtime/snapshot.ts";
import type { Endpoint } from "../../src/upstream/endpoint.ts";
import type { Pool } from "../../src/upstream/pool.ts";
import type { PriorityClass, QueueRefusal, QueueWaiter } from "../../src/upstream/request-queue.ts";
import { VirtualClock } from "./virtual-clock.ts";

type PoolInput = NonNullable<ConfigInput["pools"]>[string];
type EndpointInput = Exclude<NonNullable<PoolInput["endpoints"]>[number], string>;

/** How an endpoint behaves; may be changed while the simulation stands still. */
export interface Server {
  /** Mean time of serving a request, drawn between half and one and a half of it. */
  serviceMs: number;
  /** Requests served at the same time; the others wait in line. */
  readonly servers: number;
  /** Answers 500 after `serviceMs`, at once, whatever the line. */
  isFailing: boolean;
  /** Part of the requests that take fifty times as long. */
  readonly heavyShare: number;
}

export interface SimulatedPoolOptions {
  readonly pool?: Omit<PoolInput, "endpoints">;
  readonly servers: readonly (Partial<Server> & { readonly endpoint?: Partial<EndpointInput> })[];
  readonly seed?: number;
}

export interface SimulatedRequest {
  readonly sentMs: number;
  readonly latencyMs: number;
  readonly importance: PriorityClass;
  /** Index of the endpoint; −1 when it was refused. */
  readonly endpoint: number;
  readonly outcome: "ok" | "failed" | "refused";
  /** Why it was refused; "" otherwise. */
  readonly cause: string;
}

export interface Load {
  readonly perSecond: number;
  readonly forMs: number;
  /** Drawn for each request; normal by default. */
  importance?(random: Random): PriorityClass;
}

const poolName = "app";
/** Client addresses that hash policies see. */
const clientsMax = 10_000;

export class PoolSimulation {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly shared: SharedState;
  readonly slowStarts: SlowStarts;
  readonly outliers: Outliers;
  readonly servers: readonly Server[];
  readonly pool: Pool;
  readonly records: SimulatedRequest[] = [];
  readonly #busy: number[];
  readonly #lines: (() => void)[][];
  readonly #config: Config;

  constructor({ pool, servers, seed = 1 }: SimulatedPoolOptions) {
    this.clock.advance(1_000_000);
    this.random = seededRandom(seed);
    this.servers = servers.map(
      ({ serviceMs = 10, servers: places = 8, isFailing = false, heavyShare = 0 }) => ({
        serviceMs,
        servers: places,
        isFailing,
        heavyShare,
      }),
    );
    this.#busy = servers.map(() => 0);
    this.#lines = servers.map(() => []);
    const endpoints = servers.map(({ endpoint }, index) => ({
      name: String(index),
      url: `http://127.0.0.1:${index + 1}`,
      ...endpoint,
    }));
    this.#config = configOf({ pools: { [poolName]: { ...pool, endpoints } } });
    this.shared = new SharedState(1, this.random, this.clock);
    this.shared.adopt(this.#config);
    this.shared.publish();
    this.slowStarts = new SlowStarts(this.clock, this.shared);
    this.slowStarts.watch(this.#config);
    this.outliers = new Outliers({
      clock: this.clock,
      random: this.random,
      shared: this.shared,
      onChange: (endpoint, { to, isObserved }) => {
        if (to === "admitting" && !isObserved) this.slowStarts.recovered(endpoint);
      },
    });
    this.outliers.watch(this.#config);
    const { clock, random } = this;
    const deadlines = new Deadlines(clock);
    const dialer = { dial: () => () => {} };
    const registry = new PoolRegistry({ clock, random, deadlines, dialer, workerIndex: 0 });
    registry.apply(this.#snapshot(), new Map());
    this.pool = registry.pool(poolName);
  }

  /** Lets requests arrive, and waits until all of them have ended. */
  run({ perSecond, forMs, importance = () => "normal" }: Load): readonly SimulatedRequest[] {
    const first = this.records.length;
    const endMs = this.clock.nowMs() + forMs;
    let open = 0;
    const arrive = (): void => {
      if (this.clock.nowMs() >= endMs) return;
      open++;
      new Arrival(this, importance(this.random), () => open--).start();
      this.clock.setTimer((-Math.log(1 - this.random.next()) / perSecond) * 1000, arrive);
    };
    arrive();
    this.clock.advance(forMs);
    for (let waited = 0; open > 0 && waited < 600_000; waited++) this.clock.advance(1);
    return this.records.slice(first);
  }

  /** Serves a request at an endpoint; `done` follows when it is answered. */
  serve(index: number, done: (isFailure: boolean) => void): void {
    const server = this.servers[index]!;
    if (server.isFailing) {
      this.clock.setTimer(server.serviceMs, () => done(true));
      return;
    }
    const line = this.#lines[index]!;
    const begin = (): void => {
      this.#busy[index]!++;
      const isHeavy = server.heavyShare > 0 && this.random.next() < server.heavyShare;
      const meanMs = server.serviceMs * (isHeavy ? 50 : 1);
      this.clock.setTimer(meanMs * (0.5 + this.random.next()), () => {
        this.#busy[index]!--;
        line.shift()?.();
        done(false);
      });
    };
    if (this.#busy[index]! < server.servers) begin();
    else line.push(begin);
  }

  indexOf(endpoint: Endpoint): number {
    return Number(endpoint.name);
  }

  close(): void {
    this.outliers.close();
    this.slowStarts.close();
  }

  #snapshot(): Snapshot {
    const pools = Object.fromEntries(
      [...this.shared.pools].map(([name, { version, budget, overload, sticky, protections, endpoints }]) => [
        name,
        {
          version: version.buffer,
          budget: budget.buffer,
          overload,
          sticky,
          protections: protections.buffer,
          endpoints: endpoints.map(({ key, number, state }) => ({
            key,
            number,
            state: state.buffer,
            targets: [],
            tls: null,
          })),
        },
      ]),
    );
    // What else a snapshot has is for listeners and routes.
    return { config: this.#config, pools } as unknown as Snapshot;
  }
}

/** One request: admitted, given an endpoint (perhaps after a wait), served, recorded. */
class Arrival implements QueueWaiter {
  readonly #simulation: PoolSimulation;
  readonly #importance: PriorityClass;
  readonly #onEnd: () => void;
  readonly #sentMs: number;
  readonly #key: string;
  #isCounted = false;

  constructor(simulation: PoolSimulation, importance: PriorityClass, onEnd: () => void) {
    this.#simulation = simulation;
    this.#importance = importance;
    this.#onEnd = onEnd;
    this.#sentMs = simulation.clock.nowMs();
    this.#key = simulation.pool.needsKey ? clientAddress(randomBelow(simulation.random, clientsMax)) : "";
  }

  start(): void {
    const { pool } = this.#simulation;
    const refusal = pool.overload?.admit(this.#importance) ?? null;
    if (refusal !== null) return this.#refused(refusal.cause);
    this.#isCounted = pool.overload !== null;
    if (this.tryServe()) return;
    if (pool.queue === null) this.#refused("pool-full");
    else if (pool.queue.enter(this, this.#importance, "client") === "queue-full") this.#refused("queue-full");
  }

  tryServe(): boolean {
    const simulation = this.#simulation;
    const endpoint = simulation.pool.select(this.#key, []);
    if (endpoint === "pool-full") return false;
    if (typeof endpoint === "string") this.#refused(endpoint);
    else if (endpoint.tryStart()) this.#serve(endpoint);
    return true;
  }

  onRefused(refusal: QueueRefusal): void {
    this.#refused(refusal);
  }

  #serve(endpoint: Endpoint): void {
    const simulation = this.#simulation;
    const { clock, pool } = simulation;
    const startedMs = clock.nowMs();
    const index = simulation.indexOf(endpoint);
    simulation.serve(index, (isFailure) => {
      const nowMs = clock.nowMs();
      const { state, facts } = endpoint;
      state.requestFinished(isFailure ? 500 : 200, nowMs - startedMs, isFailure, 0, 0, nowMs);
      endpoint.attempted(true);
      if (isFailure && state.failuresInRow % facts.suspectAfter === 0) simulation.outliers.check(facts.key);
      if (this.#isCounted) pool.overload?.finished(this.#sentMs, !isFailure);
      this.#record(index, isFailure ? "failed" : "ok", "");
      pool.queue?.serve();
    });
  }

  #refused(cause: string): void {
    const { pool } = this.#simulation;
    if (this.#isCounted) pool.overload?.finished(this.#sentMs, false);
    this.#record(-1, "refused", cause);
  }

  #record(endpoint: number, outcome: SimulatedRequest["outcome"], cause: string): void {
    const latencyMs = this.#simulation.clock.nowMs() - this.#sentMs;
    this.#simulation.records.push({
      sentMs: this.#sentMs,
      latencyMs,
      importance: this.#importance,
      endpoint,
      outcome,
      cause,
    });
    this.#onEnd();
  }
}

function clientAddress(number: number): string {
  return `10.${number >> 8}.${number & 255}.9`;
}

function configOf(input: ConfigInput): Config {
  const result = parseConfig(input);
  if ("issues" in result) throw new TypeError(result.issues.map(({ message }) => message).join("\n"));
  return result.config;
}

export function quantile(latencies: readonly number[], part: number): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
