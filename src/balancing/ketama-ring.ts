/**
 * nginx's consistent hashing (`hash key consistent`), point for point, so that both send a key to the
 * same server. Source: nginx's ngx_http_upstream_hash_module, after Cache::Memcached::Fast.
 *
 * Every server has 160 points per unit of weight on a ring of 2^32. Its points are chained: CRC-32 of
 * host, NUL, port and the previous point's four bytes, little end first. A key belongs to the first
 * point at or after its CRC-32. nginx hashes the server as it is written: write the port there too.
 */
import { crcByte, crcEnd, crcStart, crcText } from "./crc32.ts";
import type { KeyPlacement, PlacedNode } from "./key-placement.ts";

const pointsPerWeight = 160;

/** Beyond this many points everyone gets proportionally fewer, and agreement with nginx ends. */
const pointsMax = 4_000_000;

/** Room for the owner's index below the point's 32 bits in a double's 53. */
const ownersMax = 2 ** 21;

export class KetamaRing implements KeyPlacement {
  #points = new Uint32Array(0);
  #owners = new Uint32Array(0);
  /** For every value of a point's leading bits, where its points start. */
  #starts = new Uint32Array(0);
  #shift = 0;
  #at = 0;

  build(nodes: readonly PlacedNode[]): void {
    let wanted = 0;
    for (const node of nodes) wanted += node.weight * pointsPerWeight;
    const density = pointsPerWeight * Math.min(1, pointsMax / wanted);
    const pairs = sortedPairs(nodes, density);
    this.#points = new Uint32Array(pairs.length);
    this.#owners = new Uint32Array(pairs.length);
    let count = 0;
    for (const pair of pairs) {
      const point = Math.floor(pair / ownersMax);
      // Equal points: the first stays, as in nginx.
      if (count > 0 && this.#points[count - 1] === point) continue;
      this.#points[count] = point;
      this.#owners[count++] = pair % ownersMax;
    }
    this.#points = this.#points.subarray(0, count);
    this.#indexPoints();
  }

  first(key: string): number {
    const points = this.#points;
    if (points.length === 0) return -1;
    const hash = crcEnd(crcText(crcStart, key));
    let at = this.#starts[hash >>> this.#shift]!;
    while (at < points.length && points[at]! < hash) at++;
    this.#at = at === points.length ? 0 : at;
    return this.#owners[this.#at]!;
  }

  next(): number {
    if (++this.#at >= this.#points.length) this.#at = 0;
    return this.#owners[this.#at]!;
  }

  /** About one point for each entry, so that a search takes a step or two. */
  #indexPoints(): void {
    const bits = Math.min(20, Math.max(1, Math.ceil(Math.log2(this.#points.length + 1))));
    this.#shift = 32 - bits;
    this.#starts = new Uint32Array(2 ** bits);
    let at = 0;
    for (let lead = 0; lead < this.#starts.length; lead++) {
      while (at < this.#points.length && this.#points[at]! >>> this.#shift < lead) at++;
      this.#starts[lead] = at;
    }
  }
}

/** All points in order, each as point × 2^21 + owner. */
function sortedPairs(nodes: readonly PlacedNode[], density: number): Float64Array {
  const counts = nodes.map(({ weight }) => (weight > 0 ? Math.max(1, Math.round(weight * density)) : 0));
  const pairs = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let filled = 0;
  for (let owner = 0; owner < nodes.length; owner++) {
    const base = serverCrc(nodes[owner]!.name);
    let point = 0;
    for (let left = counts[owner]!; left > 0; left--) {
      let crc = base;
      for (let bits = 0; bits < 32; bits += 8) crc = crcByte(crc, (point >>> bits) & 0xff);
      point = crcEnd(crc);
      pairs[filled++] = point * ownersMax + owner;
    }
  }
  return pairs.sort();
}

/** CRC-32 of host, NUL and port, not ended. A socket's path counts as host. */
function serverCrc(name: string): number {
  // Names come from configuration as text; nginx hashes their bytes.
  const bytes = Buffer.from(name, "utf8").toString("latin1");
  if (/^unix:/i.test(bytes)) return crcByte(crcText(crcStart, bytes.slice(5)), 0);
  const port = /:(\d*)$/.exec(bytes);
  const host = port === null ? bytes : bytes.slice(0, port.index);
  return crcText(crcByte(crcText(crcStart, host), 0), port?.[1] ?? "");
}
