/** Whoever watches live: one look a second for all of them, and none while nobody watches. */
import type { Clock, Timer } from "../../core/clock.ts";
import type { OperatedLoadBalancer } from "../../runtime/load-balancer-interface.ts";
import { LiveDifferences } from "./live-differences.ts";
import type { LiveTopology } from "./live-messages.ts";
import { type LiveReading, liveReading, liveStates } from "./live-reading.ts";
import { liveTopology } from "./live-topology.ts";

export interface LiveViewer {
  onTopology(topology: LiveTopology): void;
  /** `json`: a message as `LiveDifferences` writes it. */
  onNumbers(json: string): void;
  /** The same, between two messages of numbers. */
  onStates(json: string): void;
}

interface Watching {
  readonly viewer: LiveViewer;
  /** The revision the viewer knows; its places are good for that only. */
  revision: number;
  differences: LiveDifferences;
}

const lookEveryMs = 1000;
/** After an event that may have changed a state; further ones within that time are told together. */
const hurryMs = 200;
const viewersMax = 64;

export class LiveFeed {
  readonly #clock: Clock;
  readonly #balancer: OperatedLoadBalancer;
  readonly #watching = new Set<Watching>();
  #timer: Timer | null = null;
  #hurry: Timer | null = null;
  #stopEvents: () => void = () => {};

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
    if (this.#watching.size === 1) this.#begin();
    return () => {
      this.#watching.delete(watching);
      if (this.#watching.size === 0) this.#end();
    };
  }

  #begin(): void {
    this.#timer = this.#nextLook();
    this.#stopEvents = this.#balancer.events.subscribe(() => {
      this.#hurry ??= this.#clock.setTimer(hurryMs, () => this.#tellStates());
    });
  }

  #end(): void {
    this.#timer?.cancel();
    this.#hurry?.cancel();
    this.#timer = null;
    this.#hurry = null;
    this.#stopEvents();
  }

  #tellStates(): void {
    this.#hurry = null;
    const revision = this.#balancer.changes.revisions.current?.number ?? 0;
    const states = liveStates(this.#balancer);
    for (const watching of this.#watching) {
      // With another revision places have changed; the next look tells everything.
      const json = watching.revision === revision ? watching.differences.nextStates(states) : null;
      if (json !== null) watching.viewer.onStates(json);
    }
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
