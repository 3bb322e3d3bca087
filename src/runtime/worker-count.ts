/** How many worker threads a configuration means on this machine. */
import type { Config } from "../config/schema.ts";
import { canSharePorts, coreCount } from "../platform/worker-thread.ts";

/** 0 when the calling thread serves. */
export function workerCount(config: Config): number {
  if (config.workers === 0) return 0;
  const wanted = config.workers === "auto" ? coreCount() : config.workers;
  return canSharePorts() ? wanted : 1;
}
