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
const pointsMax = 2 ** 20;

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
    const counts = nodes.map(({ weight }) => (weight > 0 ? Math.max(1, Math.round(weight * density)) : 0));
    const size = counts.reduce((sum, count) => sum + count, 0);
    const points = new Uint32Array(size);
    const owners = new Uint32Array(size);
    let filled = 0;
    for (let owner = 0; owner < nodes.length; owner++) {
      owners.fill(owner, filled, filled + counts[owner]!);
      filled = chainPoints(nodes[owner]!.name, points, filled, counts[owner]!);
    }
    this.#take(sortedByPoint({ points, owners }));
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

  /** Of equal points the first stays, as in nginx. */
  #take({ points, owners }: Ring): void {
    const bits = Math.min(20, Math.max(1, Math.ceil(Math.log2(points.length + 1))));
    this.#shift = 32 - bits;
    this.#starts = new Uint32Array(2 ** bits);
    let kept = 0;
    let lead = 0;
    for (let i = 0; i < points.length; i++) {
      const point = points[i]!;
      if (kept > 0 && points[kept - 1] === point) continue;
      for (; lead <= point >>> this.#shift; lead++) this.#starts[lead] = kept;
      points[kept] = point;
      owners[kept++] = owners[i]!;
    }
    this.#starts.fill(kept, lead);
    this.#points = points.subarray(0, kept);
    this.#owners = owners;
  }
}

interface Ring {
  readonly points: Uint32Array<ArrayBuffer>;
  readonly owners: Uint32Array<ArrayBuffer>;
}

/** A radix sort, eleven bits at a time: stable, and in time linear to the points. */
function sortedByPoint(ring: Ring): Ring {
  let from = ring;
  for (const shift of [0, 11, 22]) {
    const places = new Uint32Array(2049);
    for (let i = 0; i < from.points.length; i++) places[((from.points[i]! >>> shift) & 2047) + 1]!++;
    for (let digit = 1; digit < places.length; digit++) places[digit]! += places[digit - 1]!;
    const to = { points: new Uint32Array(from.points.length), owners: new Uint32Array(from.points.length) };
    for (let i = 0; i < from.points.length; i++) {
      const place = places[(from.points[i]! >>> shift) & 2047]!++;
      to.points[place] = from.points[i]!;
      to.owners[place] = from.owners[i]!;
    }
    from = to;
  }
  return from;
}

/** Writes a server's points from `from` on and gives the place after the last. */
function chainPoints(name: string, points: Uint32Array, from: number, count: number): number {
  const base = serverCrc(name);
  let point = 0;
  for (let i = from; i < from + count; i++) {
    let crc = base;
    for (let bits = 0; bits < 32; bits += 8) crc = crcByte(crc, (point >>> bits) & 0xff);
    point = crcEnd(crc);
    points[i] = point;
  }
  return from + count;
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
