/**
 * What one viewer has not seen yet, within so many bytes a look: rows that are as they were are left out,
 * and what does not fit waits its turn, so that a thousand busy endpoints cost no more than a few.
 */
import type { LiveReading } from "./live-reading.ts";

/** Bytes of rows in one message; whoever watches gets one a second. */
const bytesMax = {
  listeners: 300,
  routes: 500,
  pools: 500,
  arrivals: 300,
  departures: 300,
  states: 2000,
  endpoints: 3600,
} as const;
type Section = keyof typeof bytesMax;
const sections = Object.keys(bytesMax) as Section[];

export class LiveDifferences {
  readonly #seen: Readonly<Record<Section, SeenRows>> = {
    listeners: new SeenRows(),
    routes: new SeenRows(),
    pools: new SeenRows(),
    arrivals: new SeenRows(),
    departures: new SeenRows(),
    states: new SeenRows(),
    endpoints: new SeenRows(),
  };

  /** States that changed, as JSON; null when none did. They do not wait for the next message. */
  nextStates(states: LiveReading["states"]): string | null {
    const rows = this.#seen.states.changed(states, bytesMax.states);
    return rows.length === 0 ? null : `{"states":[${rows.join(",")}]}`;
  }

  /** The message as JSON. `isFirst`: everything, whatever its size. */
  next(reading: LiveReading, isFirst: boolean): string {
    const parts = [`"at":${reading.wallMs}`, `"total":[${reading.total}]`];
    for (const section of sections) {
      const limit = isFirst ? Number.POSITIVE_INFINITY : bytesMax[section];
      const rows = this.#seen[section].changed(reading[section], limit);
      if (section === "endpoints" && this.#seen.endpoints.isBehind) parts.push('"isPartial":true');
      if (rows.length > 0) parts.push(`"${section}":[${rows.join(",")}]`);
    }
    return `{${parts.join(",")}}`;
  }
}

/** The rows of one kind, as they were sent last. */
class SeenRows {
  readonly #rows: string[] = [];
  /** Where the next look begins: behind the last row that was sent. */
  #cursor = 0;
  /** Changed rows wait. */
  isBehind = false;

  /** `[place,columns…]` of rows that changed, until `limit` bytes are reached. */
  changed(rows: readonly string[], limit: number): string[] {
    const found: string[] = [];
    this.isBehind = false;
    let bytes = 0;
    const start = this.#cursor < rows.length ? this.#cursor : 0;
    for (let step = 0; step < rows.length; step++) {
      const place = (start + step) % rows.length;
      const now = rows[place]!;
      // What was never told counts as nothing.
      if ((this.#rows[place] ?? "0") === now) continue;
      const text = `[${place},${now}]`;
      if (bytes > 0 && bytes + text.length > limit) {
        this.#cursor = place;
        this.isBehind = true;
        return found;
      }
      bytes += text.length + 1;
      found.push(text);
      this.#rows[place] = now;
    }
    this.#cursor = 0;
    return found;
  }
}
