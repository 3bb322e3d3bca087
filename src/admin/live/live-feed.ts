/** Whoever watches live: one look a second for all of them, and none while nobody watches. */
import type { Clock, Timer } from "../../core/clock.ts";
import type { OperatedLoadBalancer } from "../../runtime/load-balancer-interface.ts";
import { LiveDifferences } from "./live-differences.ts";
import type { LiveTopology } from "./live-messages.ts";
import { type LiveReading, liveReading } from "./live-reading.ts";
import { liveTopology } from "./live-topology.ts";

export interface LiveViewer {
  onTopology(topology: LiveTopology): void;
  /** `json`: a message as `LiveDifferences` writes it. */
  onNumbers(json: string): void;
}

interface Watching {
  readonly viewer: LiveViewer;
  /** The revision the viewer knows; its places are good for that only. */
  revision: number;
  differences: LiveDifferences;
}

const lookEveryMs = 1000;
const viewersMax = 64;

export class LiveFeed {
  readonly #clock: Clock;
  readonly #balancer: OperatedLoadBalancer;
  readonly #watching = new Set<Watching>();
  #timer: Timer | null = null;

  constructor(clock: Clock, balancer: OperatedLoadBalancer) {
    this.#clock = clock;
    this.#balancer = balancer;
  }

  /** Tells at once what there is, then what changes; the result ends it. Null when as many watch as may. */
  add(viewer: LiveViewer): (() => void) | null {
    if (this.#watching.size >= viewersMax) return null;
    const watching: Watching = { viewer, revision: Number.NaN, differences: new LiveDifferences() };
    this.#watching.add(watching);
    this.#tell(watching, this.#look());
    this.#timer ??= this.#nextLook();
    return () => {
      this.#watching.delete(watching);
      if (this.#watching.size > 0) return;
      this.#timer?.cancel();
      this.#timer = null;
    };
  }

  #nextLook(): Timer {
    return this.#clock.setTimer(lookEveryMs, () => {
      const reading = this.#look();
      for (const watching of this.#watching) this.#tell(watching, reading);
      this.#timer = this.#watching.size > 0 ? this.#nextLook() : null;
    });
  }

  #look(): LiveReading {
    return liveReading(this.#balancer, this.#clock.wallMs());
  }

  #tell(watching: Watching, reading: LiveReading): void {
    const revision = this.#balancer.changes.revisions.current?.number ?? 0;
    const isFirst = watching.revision !== revision;
    if (isFirst) {
      watching.revision = revision;
      watching.differences = new LiveDifferences();
      watching.viewer.onTopology(liveTopology(this.#balancer));
    }
    watching.viewer.onNumbers(watching.differences.next(reading, isFirst));
  }
}
