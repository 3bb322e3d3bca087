/** Runs a balancer in the foreground: starts it, says so, and stops it when a signal asks. */
import { parseBindAddress } from "../core/address.ts";
import type { Log } from "../core/log.ts";
import type { Config } from "../config/schema.ts";
import { createLog, descriptorSink } from "../observability/log.ts";
import { systemClock } from "../platform/clock.ts";
import { explainBindError } from "./failure.ts";
import { onStopSignals } from "./stop-signals.ts";

/** `remedy` ends the sentence about a busy port: `choose another with --port`. */
export async function serve(config: Config, remedy: string): Promise<void> {
  const { log, flush } = openLog(config);
  const balancer = await createBalancer(config, log, remedy);
  const graceMs = config.shutdown.grace;
  // Before listening, because from then on somebody may ask it to stop.
  onStopSignals(async (signal) => {
    log.info("stopping", { signal, graceMs });
    await balancer.close({ graceMs });
    log.info("stopped");
    flush();
  });
  await balancer.listen();
}

/** What the command needs of a balancer. */
export interface Balancer {
  /** Rejects with a sentence for the user where there is one. */
  listen(): Promise<void>;
  close(options: { readonly graceMs: number }): Promise<void>;
}

export async function createBalancer(config: Config, log: Log, remedy: string): Promise<Balancer> {
  // Loaded only here: the other verbs should start fast and need none of it.
  const { startLoadBalancer } = await import("../runtime/load-balancer.ts");
  const balancer = startLoadBalancer(config, { log });
  return {
    close: (options) => balancer.close(options),
    async listen() {
      try {
        await balancer.listen();
      } catch (error) {
        throw explainBindError(error, { ...addressIn(error, config), remedy });
      }
    },
  };
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
