/** How often each endpoint went down, came back, was ejected, readmitted: health transitions as a metric. */
import type { ControlEvent } from "../events.ts";
import { counterFamily, type MetricFamily } from "./metric-family.ts";

const transitions: ReadonlyMap<string, string> = new Map([
  ["endpoint-down", "down"],
  ["endpoint-up", "up"],
  ["endpoint-ejected", "ejected"],
  ["endpoint-readmitted", "readmitted"],
]);
/** Names come from the configuration; after so many of them reloads have changed, new ones are not counted. */
const endpointsMax = 10_000;

interface Row {
  readonly pool: string;
  readonly endpoint: string;
  readonly counts: Map<string, number>;
}

export class TransitionCounts {
  readonly #rows = new Map<string, Row>();

  note({ kind, pool = "", endpoint }: ControlEvent): void {
    if (endpoint === undefined) return;
    const key = `${pool}\n${endpoint}`;
    if (kind === "endpoint-removed") this.#rows.delete(key);
    const transition = transitions.get(kind);
    if (transition === undefined) return;
    let row = this.#rows.get(key);
    if (row === undefined) {
      if (this.#rows.size >= endpointsMax) return;
      row = { pool, endpoint, counts: new Map([...transitions.values()].map((name) => [name, 0])) };
      this.#rows.set(key, row);
    }
    row.counts.set(transition, (row.counts.get(transition) ?? 0) + 1);
  }

  metrics(): readonly MetricFamily[] {
    const samples = [...this.#rows.values()].flatMap(({ pool, endpoint, counts }) =>
      [...counts].map(([transition, value]) => ({ labels: { pool, endpoint, transition }, value })),
    );
    const help = "Health transitions of endpoints that had any: down, up, ejected, readmitted.";
    return [counterFamily("headgate_endpoint_transitions", help, samples)];
  }
}
