/** Runs a balancer in the foreground until a signal stops it. What it does meanwhile is `service.ts`. */
import type { Config } from "../config/schema.ts";
import type { Log } from "../core/log.ts";
import { createLog, descriptorSink } from "../observability/log.ts";
import { systemClock } from "../platform/clock.ts";
import type { ServeOptions } from "./serve-options.ts";
import { onStopSignals } from "./stop-signals.ts";

export async function serve(options: ServeOptions): Promise<void> {
  const { log, flush } = openLog(options.config);
  // Loaded only here: the other verbs should start fast and need none of it.
  const { Service } = await import("./service.ts");
  const { takeInheritance } = await import("./inheritance.ts");
  const { hearPredecessor } = await import("../platform/successor.ts");
  const inherited = await takeInheritance(process.env, hearPredecessor);
  const exit = (): never => {
    flush();
    process.exit(0);
  };
  const service = new Service({ ...options, log, inherited, exit });
  // Before listening, because from then on somebody may ask it to stop.
  onStopSignals(async (signal) => {
    await service.stop(signal);
    flush();
  });
  await service.start();
}

/** What the demo needs of a service: it has no file, and nobody before it or after it. */
export interface Balancer {
  /** Rejects with a sentence for the user where there is one. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

export async function createBalancer(config: Config, log: Log, remedy: string): Promise<Balancer> {
  const { Service } = await import("./service.ts");
  const { nothingInherited } = await import("./inheritance.ts");
  const alone = { file: null, isWatched: false, pidFile: null, inherited: nothingInherited, exit: () => {} };
  const service = new Service({ config, log, remedy, ...alone });
  return { listen: () => service.start(), close: () => service.stop("stop") };
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
