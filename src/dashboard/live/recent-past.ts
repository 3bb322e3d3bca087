/** The last five minutes, second by second: what the server kept, and what came since. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { LiveModel } from "./live-model.ts";

/** Columns as charts take them. */
export interface ChartColumns {
  /** Unix seconds. */
  readonly times: number[];
  readonly requests: (number | null)[];
  readonly errors: (number | null)[];
  readonly active: (number | null)[];
  readonly p50: (number | null)[];
  readonly p90: (number | null)[];
  readonly p99: (number | null)[];
}

const secondsMax = 300;

export class RecentPast {
  #columns: ChartColumns = emptyColumns();

  get columns(): ChartColumns {
    return this.#columns;
  }

  begin(history: AdminDocument<"History">): void {
    this.#columns = columnsOf(history);
  }

  /** One message's worth. */
  add({ atMs, hasRates, total }: LiveModel): void {
    const { times, requests, errors, active, p50, p90, p99 } = this.#columns;
    const at = Math.floor(atMs / 1000);
    if (!hasRates || at <= (times.at(-1) ?? 0)) return;
    times.push(at);
    requests.push(total.requests.rate);
    errors.push(total.errors.rate);
    active.push(total.active);
    p50.push(total.latency.p50);
    p90.push(total.latency.p90);
    p99.push(total.latency.p99);
    if (times.length <= secondsMax) return;
    for (const column of [times, requests, errors, active, p50, p90, p99]) column.shift();
  }
}

export function columnsOf(history: AdminDocument<"History">): ChartColumns {
  const startMs = Date.parse(history.start);
  return {
    times: history.requestRate.map((_, step) => Math.round((startMs + step * history.stepMs) / 1000)),
    requests: [...history.requestRate],
    errors: [...history.errorRate],
    active: [...history.active],
    p50: [...history.p50Ms],
    p90: [...history.p90Ms],
    p99: [...history.p99Ms],
  };
}

function emptyColumns(): ChartColumns {
  return { times: [], requests: [], errors: [], active: [], p50: [], p90: [], p99: [] };
}
