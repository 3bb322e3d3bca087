import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeTestAuthority } from "../../test/support/made-certificates.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { turns } from "../../test/support/signal.ts";
import { silentLog } from "../core/log.ts";
import { derTag, makeDer, readDer } from "./der.ts";
import { ocspQuestion, type OcspQuestion, readOcspAnswer } from "./ocsp.ts";
import { OcspStapler } from "./ocsp-stapler.ts";

const authority = await makeTestAuthority();
const asking = await authority.leaf({ names: ["a.test"], stapledFrom: "http://127.0.0.1:1/ocsp" });
const chain = `${asking.certificatePem}\n${authority.certificatePem}`;

/** As a responder would make it, unsigned: the signature is not ours to verify. */
function answer(
  { serial }: OcspQuestion,
  state: "good" | "revoked" | "unknown",
  nextUpdate: string | null,
): Buffer {
  const sequence = derTag.sequence;
  const time = (text: string): Buffer => makeDer(derTag.generalizedTime, Buffer.from(text));
  const status = {
    good: makeDer(0x80),
    revoked: makeDer(derTag.context(1), time("20260101000000Z")),
    unknown: makeDer(0x82),
  }[state];
  const single = makeDer(
    sequence,
    makeDer(sequence, makeDer(derTag.integer, serial)),
    status,
    time("20261121000000Z"),
    ...(nextUpdate === null ? [] : [makeDer(derTag.context(0), time(nextUpdate))]),
  );
  const responder = makeDer(derTag.context(2), makeDer(derTag.octetString, Buffer.alloc(20)));
  const data = makeDer(sequence, responder, time("20261121000000Z"), makeDer(sequence, single));
  const basic = makeDer(derTag.octetString, makeDer(sequence, data));
  const oid = makeDer(derTag.oid, Buffer.from("2b0601050507300101", "hex"));
  const bytes = makeDer(derTag.context(0), makeDer(sequence, oid, basic));
  return makeDer(sequence, makeDer(derTag.enumerated, Buffer.from([0])), bytes);
}

describe("OCSP", () => {
  it("is asked for only by certificates that want to be stapled and bring their issuer", async () => {
    assert.equal(ocspQuestion(chain)?.url, "http://127.0.0.1:1/ocsp");
    assert.equal(ocspQuestion(asking.certificatePem), null);
    const plain = await authority.leaf({ names: ["a.test"] });
    assert.equal(ocspQuestion(`${plain.certificatePem}\n${authority.certificatePem}`), null);
  });

  it("reads what a responder says of the certificate", () => {
    const question = ocspQuestion(chain);
    assert.ok(question !== null);
    for (const state of ["good", "revoked", "unknown"] as const)
      assert.deepEqual(readOcspAnswer(answer(question, state, "20261122120000Z"), question), {
        status: state,
        nextUpdateWallMs: Date.UTC(2026, 10, 22, 12),
      });
    const other = { ...question, serial: Buffer.from([1]) };
    assert.throws(() => readOcspAnswer(answer(other, "good", null), question), /another certificate/);
  });

  it("refuses answers cut off anywhere, without reading beyond them", () => {
    const question = ocspQuestion(chain);
    assert.ok(question !== null);
    const whole = answer(question, "good", "20261122120000Z");
    for (let length = 0; length < whole.length; length++)
      assert.throws(() => readOcspAnswer(Buffer.from(whole.subarray(0, length)), question), Error);
    const tryLater = makeDer(derTag.sequence, makeDer(derTag.enumerated, Buffer.from([3])));
    assert.throws(() => readOcspAnswer(tryLater, question), /the responder says 3/);
    assert.throws(() => readDer(Buffer.from([0x30, 0x84, 1, 1, 1, 1])), RangeError);
    assert.throws(() => readDer(Buffer.from([0x30, 0x80, 0, 0])), RangeError);
  });

  it("is fetched again at half its life, kept while the responder is dead, and dropped when it ends", async () => {
    const clock = new VirtualClock(Date.UTC(2026, 10, 22, 0));
    const question = ocspQuestion(chain);
    assert.ok(question !== null);
    let isDead = false;
    let asked = 0;
    let changes = 0;
    const stapler = new OcspStapler({
      clock,
      log: silentLog,
      askOcsp: () => {
        asked++;
        if (isDead) return Promise.reject(new Error("dead"));
        return Promise.resolve(answer(question, "good", "20261122120000Z"));
      },
      onChanged: () => changes++,
    });
    stapler.watch([chain]);
    assert.equal(stapler.responseFor(chain), null);
    await turns(2);
    assert.deepEqual([asked, changes], [1, 1]);
    assert.ok(stapler.responseFor(chain) !== null);
    isDead = true;
    clock.advance(6 * 3_600_000);
    await turns(2);
    assert.equal(asked, 2);
    assert.ok(stapler.responseFor(chain) !== null);
    for (let minutes = 0; minutes < 6 * 60; minutes += 10) {
      clock.advance(10 * 60_000);
      await turns(1);
    }
    assert.equal(stapler.responseFor(chain), null);
    await turns(2);
    assert.equal(changes, 2);
    stapler.watch([]);
    clock.advance(3_600_000);
    const before = asked;
    await turns(2);
    assert.equal(asked, before);
  });
});
