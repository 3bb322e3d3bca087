/** Changes to one endpoint, as changes to the configuration: the mechanism of a reload serves both. */
import { parseConfig } from "../config/parse.ts";
import type { Config } from "../config/schema.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import { ConfigError } from "./config-error.ts";

/** A URL, or an endpoint as in the configuration file. */
export type EndpointInput = string | ({ readonly url: string } & Partial<Omit<EndpointConfig, "url">>);

/** No pool or endpoint of that name. */
export class UnknownNameError extends Error {
  override readonly name = "UnknownNameError";
}

/** An endpoint of that name is there already. */
export class TakenNameError extends Error {
  override readonly name = "TakenNameError";
}

export function withEndpoint(config: Config, pool: string, endpoint: EndpointInput): Config {
  const added = parseEndpoint(endpoint);
  const { endpoints } = poolOf(config, pool);
  if (endpoints.some(({ name }) => name === added.name)) {
    throw new TakenNameError(`pool ${pool} already has an endpoint ${added.name}`);
  }
  return withEndpoints(config, pool, [...endpoints, added]);
}

export function withoutEndpoint(config: Config, pool: string, name: string): Config {
  endpointOf(config, pool, name);
  return withEndpoints(
    config,
    pool,
    poolOf(config, pool).endpoints.filter((endpoint) => endpoint.name !== name),
  );
}

export function withEndpointWeight(config: Config, pool: string, name: string, weight: number): Config {
  const endpoint = endpointOf(config, pool, name);
  // Checked beside the URL alone: a finished endpoint is not written as users write one.
  const changed = { ...endpoint, weight: parseEndpoint({ url: endpoint.url, weight }).weight };
  return withEndpoints(
    config,
    pool,
    poolOf(config, pool).endpoints.map((other) => (other.name === name ? changed : other)),
  );
}

/** What an operator says about an endpoint. */
export type OperatorState = EndpointConfig["state"];

export function withEndpointState(config: Config, pool: string, name: string, state: OperatorState): Config {
  const changed = { ...endpointOf(config, pool, name), state };
  return withEndpoints(
    config,
    pool,
    poolOf(config, pool).endpoints.map((endpoint) => (endpoint.name === name ? changed : endpoint)),
  );
}

function poolOf(config: Config, pool: string): Config["pools"][string] {
  const found = config.pools[pool];
  if (found === undefined) throw new UnknownNameError(`no pool is called ${pool}`);
  return found;
}

function endpointOf(config: Config, pool: string, name: string): EndpointConfig {
  const found = poolOf(config, pool).endpoints.find((endpoint) => endpoint.name === name);
  if (found === undefined) throw new UnknownNameError(`pool ${pool} has no endpoint ${name}`);
  return found;
}

function withEndpoints(config: Config, pool: string, endpoints: readonly EndpointConfig[]): Config {
  return { ...config, pools: { ...config.pools, [pool]: { ...poolOf(config, pool), endpoints } } };
}

/** Checks an endpoint by the same schema as a file's. */
function parseEndpoint(endpoint: EndpointInput): EndpointConfig {
  const result = parseConfig({ pools: { pool: { endpoints: [endpoint] } } });
  if ("issues" in result) throw new ConfigError(result.issues);
  return (result.config.pools["pool"] as Config["pools"][string]).endpoints[0] as EndpointConfig;
}
