/**
 * The part of a line that repeats: everything but times, sizes, client, target and the client's own
 * headers. A busy balancer sees few combinations of listener, method, host, status, route and endpoint,
 * so their spelling is remembered whole; that takes a third off the cost of a line (bench/access-log.ts).
 */
import type { AccessRecord } from "./access-record.ts";
import { compactCopy } from "./recent-texts.ts";

const slotCount = 1024;
const hostCharsMax = 256;

interface Slot {
  readonly listenerName: string;
  readonly routeName: string;
  readonly poolName: string;
  readonly endpointName: string;
  readonly method: string;
  readonly host: string;
  readonly protocol: string;
  readonly status: number;
  readonly text: string;
}

export class FixedParts {
  readonly #spell: (record: AccessRecord) => string;
  readonly #slots: (Slot | null)[] = Array.from({ length: slotCount }, () => null);
  /** The hash that was last looked for in vain; see `RecentTexts`. */
  readonly #missed = new Int32Array(slotCount);

  /** `spell` may use the fields of a slot and nothing else. */
  constructor(spell: (record: AccessRecord) => string) {
    this.#spell = spell;
  }

  get(record: AccessRecord): string {
    const endpointName = record.endpoint === null ? "" : record.endpoint.name;
    const hash = hashOf(record, endpointName);
    const index = (hash ^ (hash >>> 10)) & (slotCount - 1);
    const slot = this.#slots[index]!;
    if (slot !== null && fits(slot, record, endpointName)) return slot.text;
    if (this.#missed[index] === hash) return this.#add(record, endpointName, index);
    this.#missed[index] = hash;
    return this.#spell(record);
  }

  #add(record: AccessRecord, endpointName: string, index: number): string {
    const { listenerName, routeName, poolName, status } = record;
    const text = this.#spell(record);
    if (record.host.length > hostCharsMax || record.method.length > hostCharsMax) return text;
    this.#slots[index] = {
      listenerName,
      routeName,
      poolName,
      endpointName,
      method: compactCopy(record.method),
      host: compactCopy(record.host),
      protocol: compactCopy(record.protocol),
      status,
      text: compactCopy(text),
    };
    return text;
  }
}

function fits(slot: Slot, record: AccessRecord, endpointName: string): boolean {
  return (
    slot.status === record.status &&
    slot.endpointName === endpointName &&
    slot.method === record.method &&
    slot.routeName === record.routeName &&
    slot.host === record.host &&
    slot.poolName === record.poolName &&
    slot.listenerName === record.listenerName &&
    slot.protocol === record.protocol
  );
}

function hashOf(record: AccessRecord, endpointName: string): number {
  const { host, routeName, method } = record;
  let hash = record.status * 31 + endpointName.length;
  if (endpointName.length > 3) {
    hash = Math.imul(hash, 31) + endpointName.charCodeAt(endpointName.length - 1);
    hash = Math.imul(hash, 31) + endpointName.charCodeAt(endpointName.length - 3);
  }
  if (routeName.length > 0)
    hash = Math.imul(hash, 31) + routeName.charCodeAt(routeName.length - 1) + routeName.length;
  if (host.length > 0) {
    hash = Math.imul(hash, 31) + host.charCodeAt(0) + host.length;
    hash = Math.imul(hash, 31) + host.charCodeAt(host.length >> 1);
    hash = Math.imul(hash, 31) + host.charCodeAt(host.length >> 2);
  }
  if (method.length > 1) hash = Math.imul(hash, 31) + method.charCodeAt(1);
  return hash | 0;
}
