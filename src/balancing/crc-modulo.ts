/**
 * nginx's plain `hash key`: CRC-32 of the key, modulo the total weight. Quick and even, but nearly all
 * keys move when a server is added; offered for agreement with an existing nginx. Source: nginx's
 * ngx_http_upstream_get_hash_peer, after Cache::Memcached.
 */
import { crcByte, crcEnd, crcStart, crcText } from "./crc32.ts";
import type { KeyPlacement, PlacedNode } from "./key-placement.ts";
import { WeightIntervals } from "./weight-intervals.ts";

const hashBits = 15;

export class CrcModulo implements KeyPlacement {
  readonly #intervals = new WeightIntervals(2 ** hashBits);
  #key = "";
  #sum = 0;
  #rehashes = 0;

  build(nodes: readonly PlacedNode[]): void {
    this.#intervals.build(nodes);
  }

  first(key: string): number {
    this.#key = key;
    this.#sum = 0;
    this.#rehashes = 0;
    return this.#locate(crcStart);
  }

  /** The count of rehashes is put before the key in decimal, and the hashes add up. */
  next(): number {
    this.#rehashes++;
    return this.#locate(crcDecimal(this.#rehashes));
  }

  #locate(crc: number): number {
    const hash = crcEnd(crcText(crc, this.#key));
    this.#sum += (hash >>> 16) & (2 ** hashBits - 1);
    return this.#intervals.find(this.#sum);
  }
}

function crcDecimal(count: number): number {
  const zero = 0x30;
  const tens = Math.floor(count / 10);
  return crcByte(tens === 0 ? crcStart : crcDecimal(tens), zero + (count % 10));
}
