/** The Random over Node's own generator: fast, good enough to spread load, not for secrets. */
import type { Random } from "../core/random.ts";

export const systemRandom: Random = { next: () => Math.random() };
