import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  Eligibility,
  defaultEligibility,
  type EligibilityMember,
  type EligibilitySettings,
} from "./eligibility.ts";

type Member = { -readonly [Key in keyof EligibilityMember]: EligibilityMember[Key] };

function member(name: string, facts: Partial<Member> = {}): Member {
  return {
    name,
    weight: 1,
    activeRequests: 0,
    peakLatencyMs: null,
    meanLatencyMs: null,
    isEligible: true,
    isFull: false,
    tier: 0,
    zone: null,
    nominalWeight: 1,
    isInService: true,
    ...facts,
  };
}

function make(members: readonly Member[], settings: Partial<EligibilitySettings> = {}) {
  const version = { current: 0 };
  const eligibility = new Eligibility(members, { ...defaultEligibility, ...settings }, version);
  const refresh = (): void => {
    version.current++;
    eligibility.refresh();
  };
  eligibility.refresh();
  const names = (): string[] =>
    eligibility.groups.map((group) => group.eligible.map((one) => one.name).join(""));
  const shares = (): number[] => eligibility.groups.map((group) => Math.round(group.share * 1000) / 1000);
  return { eligibility, version, refresh, names, shares };
}

const three = (): Member[] => [
  member("a"),
  member("b", { isEligible: false }),
  member("c", { isEligible: false }),
];

const six = (): Member[] =>
  ["a", "b", "c", "d", "e", "f"].map((name, index) =>
    member(name, { zone: ["near", "far", "away"][index % 3]! }),
  );

describe("Eligibility", () => {
  it("lists those that are eligible and have weight, tier by tier", () => {
    const members = [
      member("a"),
      member("b", { isEligible: false }),
      member("c", { weight: 0 }),
      member("d", { tier: 1 }),
    ];
    const { names, shares } = make(members);
    assert.deepEqual(names(), ["a", "d"]);
    assert.deepEqual(shares(), [1, 0]);
  });

  it("turns to the backups only when nobody is left, and back at once", () => {
    const members = [member("a"), member("b"), member("x", { tier: 1 })];
    const { shares, refresh, eligibility } = make(members);
    members[0]!.isEligible = false;
    refresh();
    assert.deepEqual(shares(), [1, 0]);
    members[1]!.isEligible = false;
    refresh();
    assert.deepEqual(shares(), [0, 1]);
    assert.equal(eligibility.draw(0.3), 1);
    members[1]!.isEligible = true;
    refresh();
    assert.deepEqual(shares(), [1, 0]);
  });

  it("gives away what a tier cannot bear when it may spill", () => {
    const members = [member("a"), member("b", { isEligible: false }), member("x", { tier: 7 })];
    const { shares, eligibility } = make(members, { isSpilling: true });
    assert.deepEqual(shares(), [0.7, 0.3]);
    assert.deepEqual(
      [eligibility.draw(0), eligibility.draw(0.69), eligibility.draw(0.71), eligibility.draw(0.999)],
      [0, 0, 1, 1],
    );
  });

  it("measures a tier's health by nominal weight, so slow start does not make it spill", () => {
    const big = member("a", { weight: 0.1, nominalWeight: 9 });
    const { shares } = make([big, member("b", { isEligible: false }), member("x", { tier: 1 })], {
      isSpilling: true,
    });
    assert.deepEqual(shares(), [1, 0]);
  });

  it("draws no group when nobody may serve", () => {
    const { eligibility, shares } = make([member("a", { isEligible: false })]);
    assert.equal(eligibility.draw(0.5), -1);
    assert.deepEqual(shares(), [0]);
    assert.equal(make([]).eligibility.draw(0.5), -1);
  });

  it("computes nothing while the version stands still", () => {
    const members = [member("a")];
    const { eligibility, names, version } = make(members);
    members[0]!.isEligible = false;
    assert.equal(eligibility.refresh(), false);
    assert.deepEqual(names(), ["a"]);
    version.current++;
    assert.equal(eligibility.refresh(), true);
    assert.deepEqual(names(), [""]);
  });

  it("keeps an array's identity exactly while its content is the same", () => {
    const members = [member("a"), member("b"), member("x", { tier: 1 })];
    const { eligibility, refresh } = make(members);
    const [before, backups] = eligibility.groups.map((group) => group.eligible);
    members[2]!.isEligible = false;
    refresh();
    assert.equal(eligibility.groups[0]!.eligible, before);
    assert.notEqual(eligibility.groups[1]!.eligible, backups);
  });
});

describe("Eligibility in panic", () => {
  it("is off by default", () => assert.deepEqual(make(three()).names(), ["a"]));

  it("ignores health below the threshold", () => {
    const { names, eligibility } = make(three(), { panicThreshold: 0.5 });
    assert.deepEqual(names(), ["abc"]);
    assert.equal(eligibility.groups[0]!.isPanicking, true);
  });

  it("does not begin at the threshold itself", () => {
    assert.deepEqual(
      make([member("a"), member("b", { isEligible: false })], { panicThreshold: 0.5 }).names(),
      ["a"],
    );
  });

  it("never brings back what was taken out by hand, nor counts it as lost", () => {
    const members = three();
    members[1]!.isInService = false;
    members[2]!.isInService = false;
    assert.deepEqual(make(members, { panicThreshold: 0.5 }).names(), ["a"]);
    members[0]!.isEligible = false;
    members[2]!.isInService = true;
    assert.deepEqual(make(members, { panicThreshold: 0.5 }).names(), ["ac"]);
  });

  it("stays away while the tiers together can bear the traffic", () => {
    const members = [...three(), member("x", { tier: 1 })];
    const { names, eligibility } = make(members, { panicThreshold: 0.5, isSpilling: true });
    assert.deepEqual(names(), ["a", "x"]);
    assert.equal(eligibility.groups[0]!.wouldPanic, false);
  });

  it("serves from the first tier when every tier is dead", () => {
    const members = [member("a", { isEligible: false }), member("x", { tier: 1, isEligible: false })];
    for (const isSpilling of [true, false]) {
      const { names, shares } = make(members, { panicThreshold: 0.5, isSpilling });
      assert.deepEqual(names(), ["a", "x"]);
      assert.deepEqual(shares(), [1, 0]);
    }
  });

  it("only says so in observe mode", () => {
    const { names, eligibility } = make(three(), { panicThreshold: 0.5, isPanicEnforced: false });
    assert.deepEqual(names(), ["a"]);
    assert.deepEqual([eligibility.groups[0]!.wouldPanic, eligibility.groups[0]!.isPanicking], [true, false]);
  });
});

describe("Eligibility over zones", () => {
  const settings = { localZone: "near", zoneEndpointsMin: 2 };

  it("keeps everything in the own zone while it holds its part", () => {
    const { names, shares } = make(six(), settings);
    assert.deepEqual(names(), ["ad", "bcef"]);
    assert.deepEqual(shares(), [1, 0]);
  });

  it("spills over by share when the own zone is poorer than its part", () => {
    const members = six();
    members[0]!.isEligible = false;
    const { names, shares } = make(members, settings);
    assert.deepEqual(names(), ["d", "bcef"]);
    assert.deepEqual(shares(), [0.6, 0.4]);
  });

  it("sends everything away when the own zone is dead", () => {
    const members = six();
    for (const one of members) one.isEligible = one.zone !== "near";
    assert.deepEqual(make(members, settings).shares(), [0, 1]);
  });

  it("ignores zones when the pool is small, has none of ours, or none but ours", () => {
    assert.deepEqual(make(six(), { ...settings, zoneEndpointsMin: 7 }).names(), ["abcdef"]);
    assert.deepEqual(make(six(), { ...settings, localZone: "elsewhere" }).names(), ["abcdef"]);
    assert.deepEqual(make([member("a", { zone: "near" }), member("b", { zone: "near" })], settings).names(), [
      "ab",
    ]);
  });

  it("works within each tier", () => {
    const members = [...six(), ...six().map((one) => ({ ...one, name: one.name.toUpperCase(), tier: 1 }))];
    for (const one of members) if (one.tier === 0) one.isEligible = false;
    const { eligibility, names, shares } = make(members, settings);
    assert.deepEqual(names(), ["", "", "AD", "BCEF"]);
    assert.deepEqual(shares(), [0, 0, 1, 0]);
    assert.deepEqual(
      eligibility.groups.map((group) => `${group.tier} ${group.place}`),
      ["0 same-zone", "0 other-zones", "1 same-zone", "1 other-zones"],
    );
  });
});

describe("Eligibility in general", () => {
  it("gives out shares that sum to 1 exactly when somebody may serve, and only to groups with somebody", () => {
    const anyMember = fc.record({
      tier: fc.nat(2),
      zone: fc.constantFrom(null, "near", "far"),
      isEligible: fc.boolean(),
      isInService: fc.boolean(),
      weight: fc.constantFrom(0, 1, 5),
    });
    const anySettings = fc.record({
      isSpilling: fc.boolean(),
      panicThreshold: fc.constantFrom(0, 0.5, 1),
      isPanicEnforced: fc.boolean(),
      localZone: fc.constantFrom(null, "near"),
      zoneEndpointsMin: fc.constant(1),
    });
    fc.assert(
      fc.property(
        fc.array(anyMember),
        anySettings,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (facts, settings, unit) => {
          // As in life, only an endpoint in service is eligible, and nominal weight 0 means effective 0.
          const members = facts.map((one, index) =>
            member(String(index), {
              ...one,
              isEligible: one.isEligible && one.isInService,
              nominalWeight: one.weight,
            }),
          );
          const { eligibility } = make(members, settings);
          const total = eligibility.groups.reduce((sum, group) => sum + group.share, 0);
          const somebody = eligibility.groups.some((group) => group.eligible.length > 0);
          assert.ok(Math.abs(total - (somebody ? 1 : 0)) < 1e-9, `${total}`);
          for (const group of eligibility.groups) assert.ok(group.share === 0 || group.eligible.length > 0);
          const drawn = eligibility.draw(unit);
          assert.equal(drawn >= 0 && eligibility.groups[drawn]!.eligible.length > 0, somebody);
        },
      ),
      { numRuns: 500 },
    );
  });
});
