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

  /** `spell` may use the fields of a slot and nothing else. */
  constructor(spell: (record: AccessRecord) => string) {
    this.#spell = spell;
  }

  get(record: AccessRecord): string {
    const endpointName = record.endpoint === null ? "" : record.endpoint.name;
    const index = slotOf(record, endpointName);
    const slot = this.#slots[index]!;
    return slot !== null && fits(slot, record, endpointName)
      ? slot.text
      : this.#add(record, endpointName, index);
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

function slotOf(record: AccessRecord, endpointName: string): number {
  const { host, routeName, method } = record;
  let mixed = record.status * 31 + endpointName.length;
  if (endpointName.length > 3) {
    mixed = mixed * 31 + endpointName.charCodeAt(endpointName.length - 1);
    mixed = mixed * 31 + endpointName.charCodeAt(endpointName.length - 3);
  }
  if (routeName.length > 0)
    mixed = mixed * 31 + routeName.charCodeAt(routeName.length - 1) + routeName.length;
  if (host.length > 0) mixed = mixed * 31 + host.charCodeAt(0) + host.length;
  if (method.length > 1) mixed = mixed * 31 + method.charCodeAt(1);
  return (mixed ^ (mixed >>> 10)) & (slotCount - 1);
}
