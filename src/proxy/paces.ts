/** The bandwidth limits of one exchange: a pacer for each direction that has a limit. */
import { Pacer } from "./pacer.ts";
import type { ProxyContext } from "./proxy-context.ts";
import type { Pace } from "./route-plan.ts";

export interface PacesOwner {
  /** The request may flow again. */
  onRequestDue(): void;
  onResponseDue(): void;
}

export class Paces {
  readonly request: Pacer | null;
  readonly response: Pacer | null;

  constructor(pace: Pace, { clock, deadlines }: ProxyContext, owner: PacesOwner) {
    const pacer = (bytesPerSecond: number, onDue: () => void): Pacer | null =>
      bytesPerSecond < Number.POSITIVE_INFINITY
        ? new Pacer(bytesPerSecond, pace, clock, deadlines, onDue)
        : null;
    this.request = pacer(pace.requestBytesPerSecond, () => owner.onRequestDue());
    this.response = pacer(pace.responseBytesPerSecond, () => owner.onResponseDue());
  }

  dispose(): void {
    this.request?.dispose();
    this.response?.dispose();
  }
}
