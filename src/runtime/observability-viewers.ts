/** Who follows exchanges live, in the main thread: hands the workers everybody's filters, and each viewer what it wants. */
import { compileFilter, type ExchangeFilter } from "./exchange-filter.ts";
import type { LiveExchange } from "./live-exchange.ts";
import type { LiveBatch } from "./observability-tail.ts";

export interface ExchangeViewer {
  readonly filter: ExchangeFilter;
  onExchange(exchange: LiveExchange): void;
  /** So many more were left out: the workers send only so much. */
  onSkipped(count: number): void;
}

/** Each one makes every exchange a little dearer. */
const viewersMax = 16;

export class ExchangeViewers {
  readonly #tellWorkers: (filters: readonly ExchangeFilter[]) => void;
  /** Each with what it wants. */
  readonly #viewers = new Map<ExchangeViewer, ReturnType<typeof compileFilter>>();

  constructor(tellWorkers: (filters: readonly ExchangeFilter[]) => void) {
    this.#tellWorkers = tellWorkers;
  }

  /** Begins to follow; the result ends it. Null when there are as many viewers as there may be. */
  add(viewer: ExchangeViewer): (() => void) | null {
    if (this.#viewers.size >= viewersMax) return null;
    this.#viewers.set(viewer, compileFilter(viewer.filter));
    this.#tell();
    return () => {
      if (this.#viewers.delete(viewer)) this.#tell();
    };
  }

  receive({ exchanges, skipped }: LiveBatch): void {
    for (const [viewer, isWanted] of this.#viewers) {
      for (const exchange of exchanges) if (isWanted(exchange)) viewer.onExchange(exchange);
      // Whose they were is not known when several look.
      if (skipped > 0) viewer.onSkipped(skipped);
    }
  }

  #tell(): void {
    this.#tellWorkers([...this.#viewers.keys()].map(({ filter }) => filter));
  }
}
