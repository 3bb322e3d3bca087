/**
 * Puts together what probes and traffic say about an endpoint. The operator's word (draining, maintenance)
 * comes before both and is not here. The rules:
 *
 * 1. Down by probes means out, whatever traffic said before.
 * 2. Ejected means out, whatever probes say: that a health page works is no news about the real ones.
 * 3. A passed probe ends an ejection early only if that was for getting no answer at all, which is what a
 *    probe can disprove (`OutlierDetection.probePassed`); the endpoint goes on probation.
 * 4. When probes bring an endpoint back from down, traffic's old rows of failures are forgotten and an
 *    ejection becomes probation (`OutlierDetection.probeRecovered`).
 * 5. Endpoints that are down are no peers: they neither count in averages nor as somebody who could take
 *    over when the detector asks whether another ejection can be afforded.
 * 6. Rows of failures seen by traffic ask for a probe at once (`Prober.probeSoon`) but never make an endpoint
 *    down; only probes do.
 */
import type { EjectionState } from "./ejection.ts";
import type { HealthKind } from "./endpoint-health.ts";

export type Standing =
  /** In full service. */
  | { readonly kind: "in" }
  /** In service on trial: one request at a time. */
  | { readonly kind: "trial" }
  | { readonly kind: "out"; readonly by: "probes" | "traffic"; readonly reason: string };

/** What probes say; null for an endpoint that is not probed. */
export interface ProbeWord {
  readonly state: { readonly kind: HealthKind };
  readonly reason: string;
}

export function standing(probes: ProbeWord | null, traffic: EjectionState | null): Standing {
  if (probes?.state.kind === "down") return { kind: "out", by: "probes", reason: probes.reason };
  switch (traffic?.kind) {
    case "ejected":
      return { kind: "out", by: "traffic", reason: traffic.detail };
    case "probation":
      return { kind: "trial" };
    case "admitting":
    case undefined:
      return { kind: "in" };
  }
}
