/**
 * nginx's ip_hash: the first three bytes of an IPv4 address (neighbours share a server) or all sixteen
 * of an IPv6 address, modulo the total weight. Source: nginx's ngx_http_upstream_ip_hash_module.
 * An IPv4 address written as IPv6 counts as IPv4; text that is no address is hashed as it is.
 */
import { readAddress } from "../core/ip-address.ts";
import type { KeyPlacement, PlacedNode } from "./key-placement.ts";
import { WeightIntervals } from "./weight-intervals.ts";

const start = 89;
const modulus = 6271;

export class ClientAddressHash implements KeyPlacement {
  readonly #intervals = new WeightIntervals(modulus);
  readonly #words = new Uint32Array(4);
  #text = "";
  #family: 0 | 4 | 6 = 0;
  #hash = start;

  build(nodes: readonly PlacedNode[]): void {
    this.#intervals.build(nodes);
  }

  first(key: string): number {
    this.#family = readAddress(key, this.#words);
    this.#text = key;
    this.#hash = start;
    return this.next();
  }

  /** The address is hashed once more, going on from the last hash. */
  next(): number {
    if (this.#family === 4) this.#takeWord(this.#words[3]!, 3);
    else if (this.#family === 6) for (let i = 0; i < 4; i++) this.#takeWord(this.#words[i]!, 4);
    else for (let i = 0; i < this.#text.length; i++) this.#takeByte(this.#text.charCodeAt(i) & 0xff);
    return this.#intervals.find(this.#hash);
  }

  #takeWord(word: number, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.#takeByte((word >>> (24 - 8 * i)) & 0xff);
  }

  #takeByte(byte: number): void {
    this.#hash = (this.#hash * 113 + byte) % modulus;
  }
}
