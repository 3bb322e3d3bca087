/**
 * Makes a probe of attempts: an endpoint whose name has several addresses is tried at each in turn, within
 * one time limit, as requests are. Only an address where nobody answers is passed over.
 */
import type { Clock } from "../core/clock.ts";
import type { Probe, ProbeAttempt, ProbeCause, ProbeResult } from "./probe.ts";

const passedOver: ReadonlySet<ProbeCause> = new Set<ProbeCause>(["refused", "unreachable"]);

export function probeInTurn(attempt: ProbeAttempt, clock: Clock): Probe {
  return {
    probe(target, timeoutMs, done) {
      const startedMs = clock.nowMs();
      let index = 0;
      const next = (): (() => void) => {
        const address = target.addresses[index];
        if (address === undefined) throw new RangeError("a probe's target has at least one address");
        const leftMs = Math.max(1, Math.ceil(timeoutMs - (clock.nowMs() - startedMs)));
        return attempt(address, target, leftMs, answered);
      };
      const answered = (result: ProbeResult): void => {
        const isPassedOver = !result.isOk && passedOver.has(result.cause);
        if (isPassedOver && ++index < target.addresses.length) giveUp = next();
        else done({ ...result, latencyMs: clock.nowMs() - startedMs });
      };
      let giveUp = next();
      return () => giveUp();
    },
  };
}
