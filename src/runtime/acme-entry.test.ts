import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeTestAuthority } from "../../test/support/made-certificates.ts";
import { turns } from "../../test/support/signal.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { AcmeError, type AcmeIssuer, type CertificateRequest, type RenewalWindow } from "../core/acme.ts";
import { silentLog } from "../core/log.ts";
import { seededRandom } from "../core/random.ts";
import type { KeyPair } from "../core/tls.ts";
import { AcmeEntry } from "./acme-entry.ts";
import { writeStored } from "./acme-store.ts";

const authority = await makeTestAuthority();
const dayMs = 86_400_000;
const hourMs = 3_600_000;

class FakeIssuer implements AcmeIssuer {
  readonly requests: CertificateRequest[] = [];
  window: RenewalWindow | null = null;
  /** What the next orders come to. */
  outcomes: (KeyPair | Error)[] = [];
  hold: Promise<void> = Promise.resolve();

  async issue(request: CertificateRequest): Promise<KeyPair> {
    this.requests.push(request);
    await this.hold;
    const outcome = this.outcomes.shift() ?? new Error("nothing left");
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }
  revoke(): Promise<void> {
    return Promise.resolve();
  }
  renewalWindow(): Promise<RenewalWindow | null> {
    return Promise.resolve(this.window);
  }
  close(): void {}
}

function fixture(
  options: { readonly seed?: number; readonly stored?: KeyPair; readonly issuer?: FakeIssuer } = {},
) {
  const clock = new VirtualClock(Date.now());
  const files = new Map<string, string>();
  const store = {
    folder: "/memory",
    read: (name: string) => files.get(name) ?? null,
    write: (name: string, text: string) => void files.set(name, text),
    remove: (name: string) => void files.delete(name),
    list: (prefix: string) => [...files.keys()].filter((name) => name.startsWith(prefix)),
  };
  if (options.stored !== undefined) writeStored(store, "a.test", options.stored);
  const issuer = options.issuer ?? new FakeIssuer();
  let issued = 0;
  let running = 0;
  const entry = new AcmeEntry("a.test", {
    clock,
    random: seededRandom(options.seed ?? 1),
    log: silentLog,
    keyKind: "ecdsa",
    challenges: () => ["http-01", "tls-alpn-01"],
    store,
    issuer,
    tryBegin: () => ++running === 1,
    busyRetryMs: 1000,
    onEnded: () => running--,
    publish: () => Promise.resolve(),
    withdraw() {},
    onIssued: () => issued++,
  });
  return { clock, files, issuer, entry, issued: () => issued };
}

async function leaf(lifetimeDays: number): Promise<KeyPair> {
  return authority.leaf({ names: ["a.test"], notBeforeDays: 0, notAfterDays: lifetimeDays });
}

describe("one name's certificate", () => {
  it("is renewed when a third of its life is left, a little earlier by chance, never later", async () => {
    const dues = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const { entry, clock } = fixture({ seed, stored: await leaf(90) });
      entry.start();
      const { nextTryWallMs, state, expiresWallMs } = entry.status;
      assert.equal(state, "valid");
      const leftDays = ((expiresWallMs ?? 0) - nextTryWallMs) / dayMs;
      assert.ok(leftDays >= 30 - 0.01 && leftDays <= 34.5 + 0.01, `${leftDays} days left`);
      dues.add(Math.round((nextTryWallMs - clock.wallMs()) / hourMs));
      entry.close();
    }
    assert.ok(dues.size > 10, "they do not all come at once");
  });

  it("comes at that moment, over timers that are never longer than six hours", async () => {
    const { entry, issuer, clock, issued } = fixture({ stored: await leaf(90) });
    issuer.outcomes = [await leaf(200)];
    entry.start();
    const dueMs = entry.status.nextTryWallMs - clock.wallMs();
    for (let passed = 0; passed + 6 * hourMs < dueMs; passed += 6 * hourMs) {
      clock.advance(6 * hourMs);
      await turns(1);
    }
    assert.equal(issuer.requests.length, 0);
    clock.advance(6 * hourMs);
    await turns(2);
    assert.equal(issuer.requests.length, 1);
    assert.equal(issued(), 1);
    assert.equal(entry.status.renewals, 1);
    entry.close();
  });

  it("is asked for again after pauses that double up to six hours, the challenges by turns", async () => {
    const { entry, issuer, clock } = fixture();
    entry.start();
    const pauses: number[] = [];
    for (let failure = 1; failure <= 12; failure++) {
      await turns(2);
      assert.equal(entry.status.failures, failure);
      assert.equal(entry.status.state, "failing");
      const pauseMs = entry.status.nextTryWallMs - clock.wallMs();
      pauses.push(pauseMs);
      clock.advance(Math.ceil(pauseMs));
    }
    for (const [index, pauseMs] of pauses.entries()) {
      const plainMs = Math.min(60_000 * 2 ** index, 6 * hourMs);
      assert.ok(pauseMs >= plainMs && pauseMs <= plainMs * 1.2 + 1, `${index}: ${pauseMs}`);
    }
    assert.deepEqual(
      issuer.requests.slice(0, 4).map(({ challenge }) => challenge),
      ["http-01", "tls-alpn-01", "http-01", "tls-alpn-01"],
    );
    entry.close();
  });

  it("is renewed by the challenge that worked before, and by turns again if that fails", async () => {
    const { entry, issuer, clock } = fixture();
    issuer.outcomes = [new Error("no way over HTTP"), await leaf(90), await leaf(90), new Error("no more")];
    entry.start();
    await turns(2);
    clock.advance(Math.ceil(entry.status.nextTryWallMs - clock.wallMs()));
    await turns(2);
    assert.equal(entry.status.state, "valid");
    entry.renewNow();
    await turns(2);
    entry.renewNow();
    await turns(2);
    clock.advance(Math.ceil(entry.status.nextTryWallMs - clock.wallMs()));
    await turns(2);
    assert.deepEqual(
      issuer.requests.map(({ challenge }) => challenge),
      ["http-01", "tls-alpn-01", "tls-alpn-01", "tls-alpn-01", "http-01"],
    );
    entry.close();
  });

  it("is not asked for before the authority wants to hear of it", async () => {
    const { entry, issuer, clock } = fixture();
    issuer.outcomes = [new AcmeError("rate-limited", "later", 5 * hourMs)];
    entry.start();
    await turns(2);
    assert.equal(entry.status.nextTryWallMs - clock.wallMs(), 5 * hourMs);
    clock.advance(5 * hourMs - 1000);
    await turns(2);
    assert.equal(issuer.requests.length, 1);
    entry.close();
  });

  it("moves its renewal into the window that the authority suggests, even to now", async () => {
    const issuer = new FakeIssuer();
    const { entry, clock } = fixture({ stored: await leaf(90), issuer });
    issuer.window = { startWallMs: clock.wallMs() + 10 * dayMs, endWallMs: clock.wallMs() + 12 * dayMs };
    entry.start();
    await turns(2);
    const inMs = entry.status.nextTryWallMs - clock.wallMs();
    assert.ok(inMs >= 10 * dayMs && inMs <= 12 * dayMs, `${inMs}`);
    // It was revoked, and its window has passed: the next look sees it.
    issuer.window = { startWallMs: clock.wallMs() - 2 * dayMs, endWallMs: clock.wallMs() - dayMs };
    issuer.outcomes = [await leaf(90)];
    clock.advance(6 * hourMs);
    await turns(2);
    clock.advance(1);
    await turns(2);
    assert.equal(issuer.requests.length, 1);
    entry.close();
  });

  it("has one order under way at most, however often it is asked to renew", async () => {
    const { entry, issuer, issued } = fixture();
    const { promise, resolve } = Promise.withResolvers<void>();
    issuer.hold = promise;
    issuer.outcomes = [await leaf(90)];
    entry.start();
    entry.renewNow();
    entry.renewNow();
    await turns(2);
    assert.equal(issuer.requests.length, 1);
    assert.equal(entry.status.isOrdering, true);
    resolve();
    await turns(2);
    assert.deepEqual([issuer.requests.length, issued(), entry.status.isOrdering], [1, 1, false]);
    entry.close();
  });

  it("refuses what does not fit its key, and keeps what it had", async () => {
    const { entry, issuer, files } = fixture();
    const one = await leaf(90);
    const other = await leaf(90);
    issuer.outcomes = [{ certificatePem: one.certificatePem, keyPem: other.keyPem }];
    entry.start();
    await turns(2);
    assert.match(entry.status.reason ?? "", /does not belong to its key/);
    assert.equal(files.size, 0);
    entry.close();
  });
});
