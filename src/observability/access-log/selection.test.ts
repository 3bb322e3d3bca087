import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../core/random.ts";
import { sampleRecord, type SampleChanges } from "../../../test/support/access-records.ts";
import { selectionOf, type SelectionSettings, type StatusRange } from "./selection.ts";

const all: SelectionSettings = { share: 1, statuses: null, slowMs: null, exceptRoutes: [] };
const none: readonly StatusRange[] | null = null;

const cases: readonly (readonly [string, number, readonly StatusRange[] | null, SampleChanges, boolean])[] = [
  ["everything by default", 1, none, {}, true],
  ["nothing ordinary at a share of 0", 0, none, {}, false],
  ["a 404 is ordinary", 0, none, { status: 404 }, false],
  ["a 5xx from an endpoint in spite of a share of 0", 0, none, { status: 500 }, true],
  ["an exchange with a cause in spite of a share of 0", 0, none, { status: 499, cause: "client-gone" }, true],
  [
    "an exchange that needed a second attempt",
    0,
    none,
    { failedAttempts: [{ endpoint: "b1", cause: "connect-refused", detail: "", durationMs: 1 }] },
    true,
  ],
  ["a wanted status", 1, [{ from: 200, to: 299 }], { status: 299 }, true],
  ["not an unwanted status", 1, [{ from: 200, to: 299 }], { status: 300 }, false],
  [
    "not an unwanted status that failed",
    0,
    [{ from: 200, to: 299 }],
    { status: 502, cause: "connect-refused" },
    false,
  ],
  [
    "one of several ranges",
    1,
    [
      { from: 100, to: 101 },
      { from: 502, to: 502 },
    ],
    { status: 502 },
    true,
  ],
];

for (const [name, share, statuses, changes, expected] of cases) {
  test(`written: ${name}`, () => {
    assert.equal(selectionOf({ ...all, share, statuses }, seededRandom(1))(sampleRecord(changes)), expected);
  });
}

test("about the given share of ordinary exchanges is written", () => {
  const select = selectionOf({ ...all, share: 0.2 }, seededRandom(7));
  const record = sampleRecord();
  let written = 0;
  for (let index = 0; index < 10_000; index++) if (select(record)) written++;
  assert.ok(written > 1800 && written < 2200, String(written));
});

test("slow exchanges are written whatever the share", () => {
  const select = selectionOf({ ...all, share: 0, slowMs: 500 }, seededRandom(1));
  assert.deepEqual(
    [499.9, 500].map((durationMs) => select(sampleRecord({ durationMs }))),
    [false, true],
  );
});

test("a route that is left out is written when it fails or is slow", () => {
  const select = selectionOf({ ...all, slowMs: 500, exceptRoutes: ["health"] }, seededRandom(1));
  const ofHealth = (changes: SampleChanges): boolean =>
    select(sampleRecord({ routeName: "health", ...changes }));
  assert.deepEqual(
    [ofHealth({}), ofHealth({ status: 503 }), ofHealth({ durationMs: 900 }), select(sampleRecord())],
    [false, true, true, true],
  );
});
