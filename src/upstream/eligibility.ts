/**
 * Who may receive traffic: a pool's endpoints divided into groups (tier of priority, then own zone and
 * others), each with the list of those eligible now and its share of the traffic. Lists are computed
 * anew only when the shared version moved, and keep their identity while their content is the same, so
 * that policies rebuild only then. Does not pick an endpoint.
 *
 * Group numbers never change for one Eligibility, so a pool keeps one policy per group:
 *
 *   tier 0: [0] same zone  [1] other zones    tier 1: [2] any zone    …
 */
import type { Candidate } from "../balancing/policy.ts";
import { firstTierShares, isEnough, localZoneShare, spillShares } from "./tier-shares.ts";

/** What eligibility must know of an endpoint beyond what policies see. */
export interface EligibilityMember extends Candidate {
  /** Priority; lower serves first. */
  readonly tier: number;
  readonly zone: string | null;
  /** Weight as configured, before slow start: the capacity it stands for. */
  readonly nominalWeight: number;
  /** Not taken out by hand (draining, maintenance); panic uses it even when it is down or ejected. */
  readonly isInService: boolean;
}

export interface EligibilitySettings {
  /** How much more than its share a tier is believed to bear; Envoy's 1.4. */
  readonly overprovisioning: number;
  /** Does a partly healthy tier give a part of its traffic away, or keep all while it has anybody? */
  readonly isSpilling: boolean;
  /** Below this eligible share of a tier health is ignored; 0, the default, never does. */
  readonly panicThreshold: number;
  readonly isPanicEnforced: boolean;
  /** Our own zone when it is preferred; null ignores zones. */
  readonly localZone: string | null;
  /** With fewer endpoints than this zones are ignored. */
  readonly zoneEndpointsMin: number;
}

/**
 * Panic is off by default, unlike Envoy's 50 %: with it, three endpoints of which two are down send two
 * thirds of all requests to dead ones, and users of nginx and HAProxy expect none.
 */
export const defaultEligibility: EligibilitySettings = {
  overprovisioning: 1.4,
  isSpilling: false,
  panicThreshold: 0,
  isPanicEnforced: true,
  localZone: null,
  zoneEndpointsMin: 6,
};

export interface EligibleGroup<M> {
  readonly tier: number;
  readonly place: "any-zone" | "same-zone" | "other-zones";
  /** Every endpoint of the group, for a policy's `build`. */
  readonly members: readonly M[];
  /** Those that may receive traffic now; a new array exactly when the content changed. */
  readonly eligible: readonly M[];
  /** Part of the pool's traffic, 0 to 1. A group with share 0 still serves what others cannot take. */
  readonly share: number;
  /** Health is ignored in its tier. */
  readonly isPanicking: boolean;
  /** Panic would have set in, had it not been in observe mode. */
  readonly wouldPanic: boolean;
}

type MutableGroup<M> = { -readonly [Key in keyof EligibleGroup<M>]: EligibleGroup<M>[Key] };

export class Eligibility<M extends EligibilityMember> {
  readonly #settings: EligibilitySettings;
  readonly #version: { readonly current: number };
  readonly #tiers: readonly TierGroups<M>[];
  readonly #groups: readonly MutableGroup<M>[];
  #seenVersion: number | null = null;

  /** `version` moves whenever anything about a member changes; one that all workers see. */
  constructor(members: readonly M[], settings: EligibilitySettings, version: { readonly current: number }) {
    this.#settings = settings;
    this.#version = version;
    const tierNumbers = [...new Set(members.map((member) => member.tier))].toSorted((a, b) => a - b);
    const zone = members.length >= settings.zoneEndpointsMin ? settings.localZone : null;
    this.#tiers = tierNumbers.map((tier) => divideTier(tier, members, zone));
    this.#groups = this.#tiers.flatMap((tier) => tier.groups);
  }

  /** The groups in order of preference, as of the last `refresh`. */
  get groups(): readonly EligibleGroup<M>[] {
    return this.#groups;
  }

  /** Brings the groups up to date if the version moved; true if it did. Call before `draw`. */
  refresh(): boolean {
    const version = this.#version.current;
    if (version === this.#seenVersion) return false;
    // Remembered first: a change during the computation makes another one, never none.
    this.#seenVersion = version;
    this.#compute();
    return true;
  }

  /** Number of the group that traffic at `unit` (uniform in [0, 1), random or a key's hash) goes to; −1 for none. */
  draw(unit: number): number {
    const groups = this.#groups;
    let below = 0;
    let last = -1;
    for (let index = 0; index < groups.length; index++) {
      const share = groups[index]!.share;
      if (share === 0) continue;
      last = index;
      below += share;
      if (unit < below) return index;
    }
    return last;
  }

  #compute(): void {
    const settings = this.#settings;
    const healthy = this.#tiers.map((tier) => healthOf(tier.members));
    const isShort = !isEnough(healthy, settings.overprovisioning);
    const bearing = this.#tiers.map((tier, index) => {
      const wouldPanic = isShort && isBelowThreshold(tier.members, settings.panicThreshold);
      const isPanicking = wouldPanic && settings.isPanicEnforced;
      for (const group of tier.groups) {
        group.wouldPanic = wouldPanic;
        group.isPanicking = isPanicking;
        group.eligible = keepIfSame(
          group.eligible,
          group.members.filter((member) => mayServe(member, isPanicking)),
        );
      }
      // A panicking tier with nobody healthy still serves, but only where no other tier can.
      return healthy[index] === 0 && isPanicking && !healthy.some((share) => share > 0) ? 1 : healthy[index]!;
    });
    const shares = settings.isSpilling
      ? spillShares(bearing, settings.overprovisioning)
      : firstTierShares(bearing);
    this.#tiers.forEach((tier, index) => divideShare(tier, shares[index]!));
  }
}

interface TierGroups<M> {
  readonly members: readonly M[];
  readonly groups: readonly MutableGroup<M>[];
  readonly zoneCount: number;
}

function divideTier<M extends EligibilityMember>(
  tier: number,
  all: readonly M[],
  zone: string | null,
): TierGroups<M> {
  const members = all.filter((member) => member.tier === tier);
  const empty = { tier, eligible: [], share: 0, isPanicking: false, wouldPanic: false };
  const local = members.filter((member) => zone !== null && member.zone === zone);
  const zoneCount = new Set(members.map((member) => member.zone)).size;
  if (local.length === 0 || local.length === members.length) {
    return { members, zoneCount, groups: [{ ...empty, place: "any-zone", members }] };
  }
  const others = members.filter((member) => member.zone !== zone);
  const groups: MutableGroup<M>[] = [
    { ...empty, place: "same-zone", members: local },
    { ...empty, place: "other-zones", members: others },
  ];
  return { members, zoneCount, groups };
}

function divideShare<M extends EligibilityMember>(tier: TierGroups<M>, share: number): void {
  const [first, second] = tier.groups;
  if (second === undefined) {
    first!.share = share;
    return;
  }
  const local = localZoneShare(
    nominalWeight(first!.eligible),
    nominalWeight(second.eligible),
    tier.zoneCount,
  );
  first!.share = share * local;
  second.share = share - first!.share;
}

function mayServe(member: EligibilityMember, isPanicking: boolean): boolean {
  return member.weight > 0 && (isPanicking ? member.isInService : member.isEligible);
}

/** Part of the tier's capacity that is eligible, 0 to 1. */
function healthOf(members: readonly EligibilityMember[]): number {
  const total = nominalWeight(members);
  const eligible = members.filter((member) => mayServe(member, false));
  return total > 0 ? nominalWeight(eligible) / total : 0;
}

/** Endpoints taken out by hand are no reason to panic, so they do not count. */
function isBelowThreshold(members: readonly EligibilityMember[], threshold: number): boolean {
  const inService = members.filter((member) => mayServe(member, true));
  const eligible = inService.filter((member) => member.isEligible);
  return inService.length > 0 && eligible.length / inService.length < threshold;
}

function nominalWeight(members: readonly EligibilityMember[]): number {
  return members.reduce((total, member) => total + member.nominalWeight, 0);
}

function keepIfSame<M>(old: readonly M[], fresh: readonly M[]): readonly M[] {
  return old.length === fresh.length && fresh.every((member, index) => member === old[index]) ? old : fresh;
}
