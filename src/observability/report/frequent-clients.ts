/**
 * Who asks most, in bounded memory, and whether clients stay with an endpoint. When there are too many
 * clients, the less frequent half is forgotten (the idea of lossy counting, Manku and Motwani 2002): a count
 * may then be too low by at most `missingMax`, never too high.
 */

export interface FrequentClient {
  readonly client: string;
  count: number;
  /** The endpoint's number at its last request with one. */
  endpoint: number | null;
}

export class FrequentClients {
  readonly #capacity: number;
  #clients = new Map<string, FrequentClient>();
  #missingMax = 0;
  /** Requests whose client had been at an endpoint before, and those that went to the same one, by pool. */
  readonly #returns = new Map<string, { all: number; same: number }>();

  constructor(capacity = 20_000) {
    this.#capacity = capacity;
  }

  /** By how much any count may be too low. */
  get missingMax(): number {
    return this.#missingMax;
  }

  add(client: string, pool: string, endpoint: number | null): void {
    let known = this.#clients.get(client);
    if (known === undefined) {
      if (this.#clients.size >= this.#capacity) this.#forgetHalf();
      known = { client, count: 0, endpoint: null };
      this.#clients.set(client, known);
    }
    known.count++;
    if (endpoint === null) return;
    if (known.endpoint !== null) this.#noteReturn(pool, known.endpoint === endpoint);
    known.endpoint = endpoint;
  }

  /** The most frequent first. */
  top(limit: number): readonly FrequentClient[] {
    return [...this.#clients.values()].toSorted((a, b) => b.count - a.count).slice(0, limit);
  }

  /** Share of a pool's returning clients that met the endpoint they met before; null when none returned. */
  affinity(pool: string): number | null {
    const returns = this.#returns.get(pool);
    return returns === undefined ? null : returns.same / returns.all;
  }

  #noteReturn(pool: string, isSame: boolean): void {
    let returns = this.#returns.get(pool);
    if (returns === undefined) this.#returns.set(pool, (returns = { all: 0, same: 0 }));
    returns.all++;
    if (isSame) returns.same++;
  }

  #forgetHalf(): void {
    const sorted = this.top(this.#capacity);
    const kept = sorted.slice(0, this.#capacity >>> 1);
    this.#missingMax += sorted[kept.length]?.count ?? 0;
    this.#clients = new Map(kept.map((known) => [known.client, known]));
  }
}
