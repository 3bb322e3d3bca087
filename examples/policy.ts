/**
 * A balancing policy of one's own: of two neighbours at a random place, the one with fewer requests per
 * weight; but nobody slower than `slowMs` while the other is faster. Judge it, then name it:
 *
 *   headgate policy test ./examples/policy.ts --options '{"slowMs": 50}'
 *   policy: { name: module, path: ./examples/policy.ts, options: { slowMs: 50 } }
 */
import type { Candidate, Policy, PolicyParts } from "../src/index.ts";

// oxlint-disable-next-line import/no-default-export -- a policy module is its default export
export default function fasterNeighbour({ random }: PolicyParts, options: { slowMs?: number }): Policy {
  const slowMs = options.slowMs ?? 100;

  function cost({ activeRequests, weight, meanLatencyMs }: Candidate): number {
    const isSlow = meanLatencyMs !== null && meanLatencyMs > slowMs;
    return (isSlow ? 1e6 : 0) + (activeRequests + 1) / weight;
  }

  return {
    needsKey: false,
    pick(eligible, _key, tried) {
      const start = Math.floor(random.next() * eligible.length);
      let best = null;
      let compared = 0;
      for (let i = 0; i < eligible.length && compared < 2; i++) {
        const candidate = eligible[(start + i) % eligible.length]!;
        if (candidate.isFull || candidate.weight === 0 || tried.includes(candidate)) continue;
        compared++;
        if (best === null || cost(candidate) < cost(best)) best = candidate;
      }
      return best;
    },
    score: cost,
  };
}
