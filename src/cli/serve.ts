/** Runs a balancer in the foreground until a signal stops it. What it does meanwhile is `service.ts`. */
import type { LoadedConfig } from "../config/load.ts";
import { locateIssues, nowhere, type Origin } from "../config/issue.ts";
import { renderIssues } from "../config/render-issue.ts";
import type { Config } from "../config/schema.ts";
import { parseBindAddress } from "../core/address.ts";
import type { Log } from "../core/log.ts";
import { createLog, descriptorSink } from "../observability/log.ts";
import { systemClock } from "../platform/clock.ts";
import { ConfigError } from "../runtime/config-error.ts";
import type { ConfigSource } from "../runtime/reloader.ts";
import { explainBindError, UserError } from "./failure.ts";
import { onStopSignals } from "./stop-signals.ts";

export interface ServeOptions {
  readonly config: Config;
  /** Where the configuration came from and can be read again; null for flags. */
  readonly file: { readonly source: ConfigSource; readonly loaded: LoadedConfig } | null;
  /** Ends the sentence about a busy port: `choose another with --port`. */
  readonly remedy: string;
  /** Reload when the file changes. */
  readonly isWatched: boolean;
  readonly pidFile: string | null;
}

export async function serve(options: ServeOptions): Promise<void> {
  const { log, flush } = openLog(options.config);
  // Loaded only here: the other verbs should start fast and need none of it.
  const { Service } = await import("./service.ts");
  const { takeInheritance } = await import("./inheritance.ts");
  const exit = (): never => {
    flush();
    process.exit(0);
  };
  const service = new Service({ ...options, log, inherited: takeInheritance(), exit });
  // Before listening, because from then on somebody may ask it to stop.
  onStopSignals(async (signal) => {
    await service.stop(signal);
    flush();
  });
  await service.start();
}

/** What a command needs of a balancer without files or operators. */
export interface Balancer {
  /** Rejects with a sentence for the user where there is one. */
  listen(): Promise<void>;
  close(options: { readonly graceMs: number }): Promise<void>;
}

export async function createBalancer(config: Config, log: Log, remedy: string): Promise<Balancer> {
  const { startLoadBalancer } = await import("../runtime/load-balancer.ts");
  const balancer = startLoadBalancer(config, { log });
  return {
    close: (options) => balancer.close(options),
    async listen() {
      try {
        await balancer.listen();
      } catch (error) {
        throw explainListenError(error, config, remedy);
      }
    },
  };
}

/** A sentence about a listener that cannot be bound, or all that is wrong; anything else as it is. */
export function explainListenError(
  error: unknown,
  config: Config,
  remedy: string,
  origin: Origin = nowhere("configuration"),
): unknown {
  if (error instanceof ConfigError) {
    const issues = renderIssues(locateIssues(error.issues, origin)).trimEnd();
    return new UserError(`cannot start with this configuration\n\n${issues}`);
  }
  return explainBindError(error, { ...addressIn(error, config), remedy });
}

/** The address an error is about: its own, or the first listener's. */
function addressIn(error: unknown, config: Config): { address: string; port: number } {
  const own = (error as { readonly address?: unknown } | null)?.address;
  const address = typeof own === "string" ? own : (config.listeners[0]?.address ?? ":8080");
  const parsed = parseBindAddress(address);
  return { address, port: "kind" in parsed && parsed.kind === "tcp" ? parsed.port : 0 };
}

export function openLog(config: Config): { log: Log; flush: () => void } {
  const isTerminal = process.stderr.isTTY;
  const isHuman = config.log.format === "pretty" || (config.log.format === "auto" && isTerminal);
  const sink = descriptorSink();
  const log = createLog({
    sink,
    clock: systemClock,
    level: config.log.level,
    format: isHuman ? "human" : "json",
    isColored: isTerminal && process.env["NO_COLOR"] === undefined,
  });
  return { log, flush: () => sink.close() };
}
