/** Named origins behind a whole balancer, configured as users would, in this thread unless `workers` says otherwise. */
import { parseConfig } from "../../src/config/parse.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { ExchangeRecord } from "../../src/proxy/exchange-record.ts";
import { startLoadBalancer } from "../../src/runtime/load-balancer.ts";
import type { OperatedLoadBalancer } from "../../src/runtime/load-balancer-interface.ts";
import { type Answer, ask, type NamedOrigin, type Question, startNamedOrigin } from "./named-origins.ts";

type PoolInput = NonNullable<ConfigInput["pools"]>[string];
type EndpointInput = Exclude<NonNullable<PoolInput["endpoints"]>[number], string>;

export interface BalancerRigOptions {
  /** One origin and endpoint for each name. */
  readonly origins: readonly string[];
  readonly pool?: Omit<PoolInput, "endpoints">;
  /** What is special about an endpoint, by its name. */
  readonly endpoints?: Readonly<Record<string, Partial<EndpointInput>>>;
  readonly route?: Omit<NonNullable<ConfigInput["routes"]>[number], "pool">;
  readonly config?: ConfigInput;
}

export class BalancerRig {
  readonly balancer: OperatedLoadBalancer;
  readonly origins: readonly NamedOrigin[];
  readonly records: ExchangeRecord[];
  port = 0;

  constructor(balancer: OperatedLoadBalancer, origins: readonly NamedOrigin[], records: ExchangeRecord[]) {
    this.balancer = balancer;
    this.origins = origins;
    this.records = records;
  }

  async ask(question: Question | string = {}): Promise<Answer> {
    return ask(this.port, typeof question === "string" ? { path: question } : question);
  }

  /** The bodies of `count` answers, one after the other. */
  async bodies(count: number, question: Question = {}): Promise<string[]> {
    const bodies: string[] = [];
    for (let i = 0; i < count; i++) bodies.push((await this.ask(question)).body);
    return bodies;
  }

  origin(name: string): NamedOrigin {
    const found = this.origins.find((origin) => origin.name === name);
    if (found === undefined) throw new TypeError(`no origin ${name}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.balancer.close({ graceMs: 100 });
    for (const origin of this.origins) await origin.close();
  }
}

/** The pool is called `app`. */
export async function startBalancerRig(options: BalancerRigOptions): Promise<BalancerRig> {
  const origins = await Promise.all(options.origins.map(startNamedOrigin));
  try {
    return await startBefore(origins, options);
  } catch (error) {
    for (const origin of origins) await origin.close();
    throw error;
  }
}

async function startBefore(
  origins: readonly NamedOrigin[],
  options: BalancerRigOptions,
): Promise<BalancerRig> {
  const records: ExchangeRecord[] = [];
  const result = parseConfig(configOf(options, origins));
  if ("issues" in result) throw new TypeError(result.issues.map(({ message }) => message).join("\n"));
  const balancer = startLoadBalancer(result.config, { onExchange: (record) => void records.push(record) });
  const rig = new BalancerRig(balancer, origins, records);
  const [address] = await listenOrClose(balancer);
  rig.port = address?.port ?? 0;
  return rig;
}

async function listenOrClose(balancer: OperatedLoadBalancer): ReturnType<OperatedLoadBalancer["listen"]> {
  try {
    return await balancer.listen();
  } catch (error) {
    await balancer.close({ graceMs: 0 });
    throw error;
  }
}

function configOf(options: BalancerRigOptions, origins: readonly NamedOrigin[]): ConfigInput {
  const { pool, endpoints = {}, route, config } = options;
  const app: PoolInput = {
    // Turns are what tests can count on.
    policy: "round-robin",
    ...pool,
    endpoints: origins.map(({ name, url }) => ({ name, url, ...endpoints[name] })),
  };
  return {
    workers: 0,
    listeners: [{ address: "127.0.0.1:0" }],
    ...config,
    pools: { app, ...config?.pools },
    ...(route === undefined ? {} : { routes: [{ ...route, pool: "app" }, ...(config?.routes ?? [])] }),
  };
}
