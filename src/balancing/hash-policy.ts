/**
 * Sends equal keys to the same endpoint. The placement says where a key belongs; this says what happens
 * when that endpoint cannot take the request: the key turns to the placement's next choices, and when
 * those are used up, to the best by rendezvous of all who can serve, so that equal keys stay together
 * even then. Requests without a key go round robin, as in nginx.
 *
 * Placements hold every endpoint of the tier, eligible or not: when one is away only its own keys
 * move, and they come back with it. In slow start an endpoint takes the share of its keys that it has
 * of its weight.
 */
import { fractionOf, mix32 } from "./key-hash.ts";
import type { KeyPlacement, PlacedNode } from "./key-placement.ts";
import type { LoadBound } from "./load-bound.ts";
import { isUsable, type Candidate, type Policy } from "./policy.ts";
import { rendezvousCost, rendezvousKeyHash, rendezvousNodeHash } from "./rendezvous-rank.ts";

/** Further choices a key asks its placement for; nginx's number. */
const stepsMax = 20;

export class HashPolicy implements Policy {
  readonly needsKey = true;
  readonly #placement: KeyPlacement;
  readonly #bound: LoadBound | null;
  readonly #keyless: Policy;
  #members: readonly Candidate[] = [];
  #nodes: readonly PlacedNode[] = [];
  #nodeHashes = new Uint32Array(0);
  #seen: readonly Candidate[] | null = null;
  /** 1 for members that are in the array seen last. */
  #isIn = new Uint8Array(0);

  /** `keyless` serves requests with an empty key; `bound` null means that an endpoint takes all its keys. */
  constructor(placement: KeyPlacement, bound: LoadBound | null, keyless: Policy) {
    this.#placement = placement;
    this.#bound = bound;
    this.#keyless = keyless;
  }

  build(candidates: readonly Candidate[]): void {
    this.#members = [...candidates];
    this.#seen = null;
    const nodes = candidates.map(toNode);
    if (areSame(nodes, this.#nodes)) return;
    this.#nodes = nodes;
    this.#nodeHashes = Uint32Array.from(nodes, ({ name }) => rendezvousNodeHash(name));
    this.#placement.build(nodes);
  }

  pick<C extends Candidate>(eligible: readonly C[], key: string, tried: readonly Candidate[]): C | null {
    if (key === "") return this.#keyless.pick(eligible, key, tried);
    if (eligible !== this.#seen) this.#adopt(eligible);
    if (this.#bound !== null) this.#bound.refresh(eligible);
    let index = this.#placement.first(key);
    for (let steps = 0; steps <= stepsMax && index !== -1; steps++) {
      const member = this.#members[index]!;
      // A member marked as being in `eligible` came from there, so it is a C.
      if (this.#isIn[index] === 1 && isUsable(member, tried) && this.#accepts(member, index, key))
        return member as C;
      index = this.#placement.next();
    }
    return this.#bestOfUsable(key, tried) as C | null;
  }

  /** Has it room, and is the key among those it already takes in slow start? */
  #accepts(member: Candidate, index: number, key: string): boolean {
    if (this.#bound !== null && !this.#bound.hasRoom(member)) return false;
    const { nominalWeight } = member;
    if (nominalWeight === undefined) return true;
    const { weight } = member;
    if (weight >= nominalWeight) return true;
    return fractionOf(mix32(rendezvousKeyHash(key) + this.#nodeHashes[index]!)) * nominalWeight < weight;
  }

  /** Those who accept the key first; when nobody does, bound and slow start give way. */
  #bestOfUsable(key: string, tried: readonly Candidate[]): Candidate | null {
    const keyHash = rendezvousKeyHash(key);
    let best: Candidate | null = null;
    let least = Number.POSITIVE_INFINITY;
    let isAcceptedFound = false;
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i]!;
      if (this.#isIn[i] === 0 || !isUsable(member, tried)) continue;
      const isAccepted = this.#accepts(member, i, key);
      if (isAcceptedFound && !isAccepted) continue;
      const cost = rendezvousCost(keyHash, this.#nodeHashes[i]!, member.weight);
      if (best !== null && isAccepted === isAcceptedFound && !(cost < least)) continue;
      best = member;
      least = cost;
      isAcceptedFound = isAccepted;
    }
    return best;
  }

  #adopt(eligible: readonly Candidate[]): void {
    const present = new Set(eligible);
    let known = 0;
    for (const member of this.#members) if (present.has(member)) known++;
    // Somebody `build` was never told of: better to place keys anew than to leave out an endpoint.
    if (known < present.size) this.build(eligible);
    this.#seen = eligible;
    this.#isIn = Uint8Array.from(this.#members, (member) => (present.has(member) ? 1 : 0));
  }
}

function toNode(candidate: Candidate): PlacedNode {
  const weight = candidate.nominalWeight ?? candidate.weight;
  return { name: candidate.name, weight: weight > 0 ? weight : 0 };
}

function areSame(left: readonly PlacedNode[], right: readonly PlacedNode[]): boolean {
  return (
    left.length === right.length &&
    left.every((node, i) => node.name === right[i]!.name && node.weight === right[i]!.weight)
  );
}
