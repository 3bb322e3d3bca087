/** The shortest spelling: a configuration made of command-line flags. One pool, one listener, one route. */
import { parseDurationMs } from "../core/units.ts";
import type { Origin, Path, SourceLocation } from "./issue.ts";
import { formatPath } from "./issue.ts";

/** The default of `health.timeout`. */
const probeTimeoutMs = 2000;

/**
 * What the command line understood. Texts are taken as the user typed them and checked by the schema,
 * so that a wrong one gets the same answer as in a file. Lists are already split at commas.
 */
export interface Flags {
  readonly backends: readonly string[];
  /** Default 8080. */
  readonly port?: string | undefined;
  /** Host part of the address, or `unix:/path`, which then needs no port. Default: every interface. */
  readonly bind?: string | undefined;
  /** Default `round-robin`. */
  readonly policy?: string | undefined;
  /** One for each backend, in their order. */
  readonly weights?: readonly string[] | undefined;
  /** Makes the probes HTTP; without it they only connect. */
  readonly healthPath?: string | undefined;
  readonly healthInterval?: string | undefined;
  readonly healthTimeout?: string | undefined;
  readonly workers?: string | undefined;
  readonly connectTimeout?: string | undefined;
  readonly responseTimeout?: string | undefined;
  readonly idleTimeout?: string | undefined;
  /** Further attempts after the first. */
  readonly retries?: string | undefined;
  readonly accessLog?: string | undefined;
  readonly statsPath?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly admin?: string | undefined;
}

export interface FlagsConfig {
  readonly input: unknown;
  readonly origin: Origin;
}

/** Which flag fills which place. The origin finds places in it, so an error can name the flag. */
const places: readonly (readonly [flag: string, path: string])[] = [
  ["--backends", "pools.default.endpoints"],
  ["--weights", "pools.default.endpoints[*].weight"],
  ["--port", "listeners[0].address"],
  ["--bind", "listeners[0].address"],
  ["--policy", "pools.default.policy"],
  ["--health-path", "pools.default.health.path"],
  ["--health-interval", "pools.default.health.interval"],
  ["--health-timeout", "pools.default.health.timeout"],
  ["--workers", "workers"],
  ["--connect-timeout", "pools.default.timeouts.connect"],
  ["--response-timeout", "pools.default.timeouts.responseHead"],
  ["--idle-timeout", "listeners[0].timeouts.keepAliveIdle"],
  ["--retries", "pools.default.retry.attempts"],
  ["--access-log", "accessLog"],
  ["--stats-path", "statsPath"],
  ["--log-level", "log.level"],
  ["--admin", "admin"],
];

/** Builds the input for `parseConfig` and an origin that names flags. */
export function configFromFlags(flags: Flags): FlagsConfig {
  const input = {
    workers: flags.workers,
    listeners: [
      present({ address: addressFrom(flags), timeouts: present({ keepAliveIdle: flags.idleTimeout }) }),
    ],
    pools: {
      default: present({
        policy: flags.policy ?? "round-robin",
        endpoints: flags.backends.map((url, index) =>
          flags.weights === undefined
            ? url
            : present({ url, weight: weightFor(flags, flags.weights, index) }),
        ),
        health: present({
          kind: flags.healthPath === undefined ? "tcp" : "http",
          path: flags.healthPath,
          interval: flags.healthInterval,
          timeout: flags.healthTimeout ?? shortProbe(flags.healthInterval),
        }),
        timeouts: present({ connect: flags.connectTimeout, responseHead: flags.responseTimeout }),
        retry: present({ attempts: attemptsFrom(flags.retries) }),
      }),
    },
    routes: [{ pool: "default" }],
    accessLog: flags.accessLog,
    statsPath: flags.statsPath,
    log: present({ level: flags.logLevel }),
    admin: flags.admin,
  };
  return { input: present(input), origin: flagsOrigin(flags) };
}

/** Who probes often and says no more does not mean to wait for an answer beyond the next probe. */
function shortProbe(interval: string | undefined): string | undefined {
  const intervalMs = interval === undefined ? null : parseDurationMs(interval);
  return intervalMs !== null && intervalMs < probeTimeoutMs ? interval : undefined;
}

/** A wrong number of weights becomes a weight that the schema refuses with these words. */
function weightFor(flags: Flags, weights: readonly string[], index: number): string | undefined {
  return weights.length === flags.backends.length
    ? weights[index]
    : `${weights.length} weights for ${flags.backends.length} backends`;
}

function addressFrom(flags: Flags): string {
  if (flags.bind?.startsWith("unix:") === true) return flags.bind;
  const host = flags.bind ?? "";
  return `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${flags.port ?? "8080"}`;
}

function attemptsFrom(retries: string | undefined): number | string | undefined {
  return retries !== undefined && /^\d{1,3}$/.test(retries) ? Number(retries) + 1 : retries;
}

function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function flagsOrigin(flags: Flags): Origin {
  const given = new Set(
    Object.entries(flags).flatMap(([key, value]) =>
      value === undefined ? [] : [`--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`],
    ),
  );
  return {
    name: "the command line",
    locate(path: Path): SourceLocation | null {
      const written = formatPath(path);
      const anyIndex = written.replace(/endpoints\[\d+\]/, "endpoints[*]");
      const candidates = places.filter(
        ([flag, place]) =>
          given.has(flag) &&
          (anyIndex === place ||
            (place.endsWith("endpoints") &&
              anyIndex.startsWith(`${place}[*]`) &&
              !anyIndex.endsWith(".weight"))),
      );
      const flag = candidates.at(-1)?.[0];
      return flag === undefined ? null : { source: flag, line: 0, column: 0, length: 0, lineText: "" };
    },
  };
}
