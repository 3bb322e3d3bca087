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
    this.#sort(points, owners);
    this.#dropEqual();
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

  /**
   * Stable, in linear time because points are spread evenly: each goes to the place that its leading bits
   * tell, and the one or two who share a place are put in order there.
   */
  #sort(points: Uint32Array, owners: Uint32Array): void {
    const bits = Math.min(20, Math.max(1, Math.ceil(Math.log2(points.length + 1))));
    const shift = 32 - bits;
    const ends = new Uint32Array(2 ** bits + 1);
    for (const point of points) ends[(point >>> shift) + 1]!++;
    for (let lead = 1; lead < ends.length; lead++) ends[lead]! += ends[lead - 1]!;
    this.#shift = shift;
    this.#starts = ends.slice(0, -1);
    this.#points = new Uint32Array(points.length);
    this.#owners = new Uint32Array(points.length);
    for (let i = 0; i < points.length; i++) {
      const lead = points[i]! >>> shift;
      this.#insert(points[i]!, owners[i]!, this.#starts[lead]!, ends[lead]!++);
    }
  }

  /** Into the sorted stretch [from, to), whose next place is free. */
  #insert(point: number, owner: number, from: number, to: number): void {
    let at = to;
    for (; at > from && this.#points[at - 1]! > point; at--) {
      this.#points[at] = this.#points[at - 1]!;
      this.#owners[at] = this.#owners[at - 1]!;
    }
    this.#points[at] = point;
    this.#owners[at] = owner;
  }

  /** Of equal points the first stays, as in nginx. */
  #dropEqual(): void {
    const points = this.#points;
    let kept = 0;
    for (let i = 0; i < points.length; i++) {
      if (kept > 0 && points[kept - 1] === points[i]) continue;
      points[kept] = points[i]!;
      this.#owners[kept++] = this.#owners[i]!;
    }
    if (kept === points.length) return;
    this.#points = points.subarray(0, kept);
    let at = 0;
    for (let lead = 0; lead < this.#starts.length; lead++) {
      while (at < kept && points[at]! >>> this.#shift < lead) at++;
      this.#starts[lead] = at;
    }
  }
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
