/**
 * Fill up, then next: the first candidate in configured order that has room. Needs a maximum per
 * endpoint to be of use. Costs a pass over those that are full. Source: HAProxy's `balance first`.
 */
import { isUsable, type Candidate, type Policy } from "./policy.ts";

export class First implements Policy {
  readonly needsKey = false;

  pick<C extends Candidate>(eligible: readonly C[], _key: string, tried: readonly Candidate[]): C | null {
    for (let i = 0; i < eligible.length; i++) {
      const candidate = eligible[i]!;
      if (isUsable(candidate, tried)) return candidate;
    }
    return null;
  }
}
