/**
 * Makes a probe of attempts: an endpoint whose name has several addresses is tried at each in turn, within
 * one time limit, as requests are. Only an address where nobody answers is passed over at once; after one
 * that let the time run out, the next probe begins with the next address.
 */
import type { Clock } from "../core/clock.ts";
import type { Probe, ProbeAttempt, ProbeCause, ProbeResult } from "./probe.ts";

const passedOver: ReadonlySet<ProbeCause> = new Set<ProbeCause>(["refused", "unreachable"]);

export function probeInTurn(attempt: ProbeAttempt, clock: Clock): Probe {
  /** Where to begin, by authority; only those that do not begin with the first. */
  const firstIndexes = new Map<string, number>();
  return {
    probe(target, timeoutMs, done) {
      const startedMs = clock.nowMs();
      const { addresses, authority } = target;
      const first = (firstIndexes.get(authority) ?? 0) % addresses.length;
      let tries = 0;
      const next = (): (() => void) => {
        const address = addresses[(first + tries) % addresses.length];
        if (address === undefined) throw new RangeError("a probe's target has at least one address");
        const leftMs = Math.max(1, Math.ceil(timeoutMs - (clock.nowMs() - startedMs)));
        return attempt(address, target, leftMs, answered);
      };
      const answered = (result: ProbeResult): void => {
        const isPassedOver = !result.isOk && passedOver.has(result.cause);
        if (isPassedOver && ++tries < addresses.length) {
          giveUp = next();
          return;
        }
        const isSilent = !result.isOk && result.cause === "timeout";
        beginWith((first + tries + (isSilent ? 1 : 0)) % addresses.length);
        done({ ...result, latencyMs: clock.nowMs() - startedMs });
      };
      const beginWith = (index: number): void => {
        if (index === 0) firstIndexes.delete(authority);
        else firstIndexes.set(authority, index);
      };
      let giveUp = next();
      return () => giveUp();
    },
  };
}
