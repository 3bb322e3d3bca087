/** What compiling a route's plan needs beside the route. */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Pool } from "../upstream/pool.ts";
import type { HookPoints } from "./hook-points.ts";
import type { Snapshot } from "./snapshot.ts";

export interface RoutePlanParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly workerIndex: number;
  readonly snapshot: Snapshot;
  readonly hooks: HookPoints;
  pool(name: string): Pool;
  /** The part of a pool that carries these labels. */
  subset(name: string, labels: Readonly<Record<string, string>>): Pool;
}
