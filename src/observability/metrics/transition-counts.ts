/**
 * How often each endpoint went down, came back, was ejected, readmitted: health transitions as a metric. An
 * endpoint that had none has zeros, for the first one to be seen as an increase.
 */
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

export interface EndpointName {
  readonly pool: string;
  readonly endpoint: string;
}

type Counts = ReadonlyMap<string, number>;
const none: Counts = new Map([...transitions.values()].map((name) => [name, 0]));

export class TransitionCounts {
  readonly #counts = new Map<string, Counts>();

  note({ kind, pool = "", endpoint }: ControlEvent): void {
    if (endpoint === undefined) return;
    const key = keyOf({ pool, endpoint });
    if (kind === "endpoint-removed") this.#counts.delete(key);
    const transition = transitions.get(kind);
    const counts = this.#counts.get(key) ?? none;
    if (transition === undefined || (counts === none && this.#counts.size >= endpointsMax)) return;
    this.#counts.set(key, new Map(counts).set(transition, (counts.get(transition) ?? 0) + 1));
  }

  /** Of these, which are all there are. */
  metrics(endpoints: readonly EndpointName[]): readonly MetricFamily[] {
    const samples = endpoints.flatMap(({ pool, endpoint }) =>
      [...(this.#counts.get(keyOf({ pool, endpoint })) ?? none)].map(([transition, value]) => ({
        labels: { pool, endpoint, transition },
        value,
      })),
    );
    const help = "Health transitions of endpoints: down, up, ejected, readmitted.";
    return [counterFamily("headgate_endpoint_transitions", help, samples)];
  }
}

function keyOf({ pool, endpoint }: EndpointName): string {
  return `${pool}\n${endpoint}`;
}
