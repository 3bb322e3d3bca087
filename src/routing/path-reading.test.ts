/** Readings of raw paths: the one that is matched, and the others that must agree with it. */
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { canonicalSpecPath, isPlainPath, normalPath, pathReadings } from "./path-reading.ts";

const single: readonly (readonly [raw: string, reading: string])[] = [
  ["/", "/"],
  ["/a/b.c/~d", "/a/b.c/~d"],
  ["/%61dmin", "/admin"],
  ["/%41%5f%2d", "/A_-"],
  ["/%40me/a%3Ab", "/@me/a:b"],
  ["/a%20b", "/a%20b"],
  ["/a%c3%a9", "/a%C3%A9"],
  ["/a\u00c3\u00a9", "/a%C3%A9"],
  ["/a{b}", "/a%7Bb%7D"],
  ["/100%", "/100%25"],
  ["/%zz", "/%25zz"],
  ["/%252e%252e/a", "/%252e%252e/a"],
  ["//a///b", "/a/b"],
  ["/a//", "/a/"],
  ["/.well-known/x", "/.well-known/x"],
  ["/a/...", "/a/..."],
  ["/a;b=c/d", "/a;b=c/d"],
  ["*", "*"],
  ["", ""],
];

for (const [raw, reading] of single) {
  test(`${JSON.stringify(raw)} has one reading, ${reading}`, () =>
    assert.deepEqual(pathReadings(raw), [reading]));
}

const several: readonly (readonly [raw: string, readings: readonly string[]])[] = [
  ["/a/../b", ["/b", "/a/../b"]],
  ["/a/%2e%2E/b", ["/b", "/a/../b"]],
  ["/a/./b", ["/a/b", "/a/./b"]],
  ["/a/..", ["/", "/a/.."]],
  ["/a/b/.", ["/a/b/", "/a/b/."]],
  ["/../../a", ["/a", "/../../a"]],
  ["/a//../b", ["/b", "/a/../b", "/a/b"]],
  ["/a%2Fb", ["/a%2Fb", "/a/b"]],
  ["/a%5cb", ["/a%5Cb", "/a/b"]],
  ["/a\\b", ["/a%5Cb", "/a/b"]],
  ["/a%2f..%2fb", ["/a%2F..%2Fb", "/a/../b", "/b"]],
  ["/a/..;x/b", ["/a/..;x/b", "/a/../b", "/b"]],
];

for (const [raw, readings] of several) {
  test(`${raw} can be read in ${readings.length} ways`, () => {
    const [first, ...others] = pathReadings(raw);
    assert.deepEqual([first, ...others.toSorted()], readings);
  });
}

test("an escaped NUL has no safe reading", () => {
  assert.deepEqual(pathReadings("/a%00.png"), []);
  assert.equal(normalPath("/a%00"), "/a%00");
});

test("a path with absurdly many readings, or a long one with several, has no safe reading", () => {
  assert.deepEqual(pathReadings("/./..;x%5c./%2e%5c..;x%2e..%2F%2e%2F"), []);
  assert.deepEqual(pathReadings(`/../${"a".repeat(5000)}`), []);
  assert.equal(pathReadings(`/${"%20".repeat(5000)}`).length, 1, "length alone is no fault");
});

test("a plain path is its own normal form", () => {
  const character = fc.constantFrom(..."abz09-._~!$&'()*+,;=:@/%2Ff\\{ é".split(""));
  fc.assert(
    fc.property(
      fc.string({ unit: character }).map((text) => `/${text}`),
      (path) => {
        const [first, ...others] = pathReadings(path);
        if (isPlainPath(path)) assert.deepEqual([first, others], [path, []]);
        if (first === undefined) return;
        assert.equal(normalPath(first), first, "normal forms are fixed points");
        assert.ok(others.every((other) => other.startsWith("/")));
      },
    ),
    { seed: 13, numRuns: 3000 },
  );
});

test("escaping any plain character of a path changes no reading", () => {
  const segment = fc.string({ unit: fc.constantFrom(..."ab.~-_".split("")), minLength: 1, maxLength: 3 });
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join("/")}`);
  fc.assert(
    fc.property(path, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), (raw, escaped) => {
      const disguised = raw
        .split("")
        .map((character, index) =>
          character !== "/" && escaped[index] === true
            ? `%${character.charCodeAt(0).toString(16)}`
            : character,
        )
        .join("");
      assert.deepEqual(pathReadings(disguised), pathReadings(raw));
    }),
    { seed: 17 },
  );
});

test("a path written by a user is UTF-8 and keeps its shape", () => {
  assert.equal(canonicalSpecPath("/café/%7euser/a%2fb"), "/caf%C3%A9/~user/a%2Fb");
});
