import assert from "node:assert/strict";
import { test } from "node:test";
import { makeTestAuthority } from "../../test/support/made-certificates.ts";
import { readRevocationLists, revocationNewsInMs, revocationWarning } from "./revocation-lists.ts";

const dayMs = 86_400_000;
const nowMs = Date.now();
const authority = await makeTestAuthority();
/** From yesterday on, for 31 days. */
const month = await authority.revocationList(["01", "02"]);
/** From yesterday on, for two days. */
const twoDays = await authority.revocationList([], 1);
/** Its end needs four digits of a year. */
const farOff = await authority.revocationList([], 365 * 40);

test("a list is worried about when a quarter of its life is left, and told when it has ended", () => {
  const said = (days: number, pem = month): string =>
    (revocationWarning(pem, nowMs + days * dayMs) ?? "good").replace(/ on .* UTC/, "");
  assert.deepEqual(
    [0, 22, 23, 29, 31].map((days) => said(days)),
    [
      "good",
      "good",
      ...Array<string>(2).fill("expires: nobody is let in from then on"),
      "has expired: nobody is let in",
    ],
  );
  assert.deepEqual(
    [0, 0.6, 1.1].map((days) => said(days, twoDays)),
    ["good", "expires: nobody is let in from then on", "has expired: nobody is let in"],
  );
  // The earliest of several counts.
  assert.match(said(1.1, month + twoDays), /^has expired/);
});

test("the next moment at which there is something to say is known", () => {
  const near = (ms: number, days: number): void =>
    assert.ok(Math.abs(ms - days * dayMs) < 60_000, `${ms / dayMs} days`);
  near(revocationNewsInMs(month, nowMs), 30 - 31 / 4);
  near(revocationNewsInMs(month + twoDays, nowMs), 0.5);
  near(revocationNewsInMs(month, nowMs + 25 * dayMs), 5);
  assert.equal(revocationNewsInMs(month, nowMs + 40 * dayMs), Infinity);
});

test("both spellings of a time are read, and nonsense is passed over", () => {
  const [list] = readRevocationLists(farOff);
  assert.ok(Math.abs((list?.endsMs ?? 0) - (nowMs + 365 * 40 * dayMs)) < 60_000);
  assert.deepEqual(readRevocationLists("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"), []);
  assert.deepEqual(readRevocationLists("nonsense"), []);
});
