/** Automatic certificates from Pebble: issued, renewed, revoked, kept over a restart, asked for on demand. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startAcmeRig, noPebble } from "../support/acme-rig.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { startPebble } from "../support/pebble.ts";
import { askTls } from "../support/tls-client.ts";

const anyone = { rejectUnauthorized: false } as const;

for (const challenge of ["http-01", "tls-alpn-01"] as const) {
  test(
    `Pebble issues over ${challenge} for several names while two workers serve, refusing one nonce in three`,
    { skip: noPebble, timeout: 60_000 },
    async () => {
      await using pebble = await startPebble({ nonceReject: 33 });
      await using rig = await startAcmeRig(pebble, {
        tls: { names: ["one.test", "two.test"] },
        acme: { challenges: [challenge] },
        config: { workers: 2 },
      });
      // Until then there is a stand-in, and clients are served.
      const first = await askTls(pebble.ports.tls, { ...anyone, servername: "one.test" });
      assert.equal(first.status, 200);
      await rig.untilShown("one.test");
      await rig.untilShown("two.test");
      for (const servername of ["one.test", "two.test"]) {
        const { status, certificate } = await askTls(pebble.ports.tls, { ...anyone, servername });
        assert.equal(status, 200);
        assert.equal(certificate.subjectaltname, `DNS:${servername}`);
        assert.match(String(certificate.issuer.CN), /^Pebble Intermediate/);
        assert.deepEqual([rig.status(servername).state, rig.status(servername).failures], ["valid", 0]);
      }
      const metrics = rig.balancer.observability.metrics({ accept: undefined, version: "1" }).body;
      assert.match(metrics, /headgate_acme_certificates\{state="valid"\} 2/);
      assert.match(metrics, /headgate_acme_renewals_total\{certificate="one\.test"\} 1/);
      assert.match(
        metrics,
        /headgate_certificate_expiry_timestamp_seconds\{certificate="secure acme one\.test"\}/,
      );
      const events = rig.balancer.events.since(0).map(({ kind, message }) => `${kind} ${message}`);
      assert.ok(events.some((line) => line.startsWith("certificate-renewed one.test: certificate issued")));
    },
  );
}

test(
  "Where no listener speaks HTTP in the clear the proof is given over TLS from the first try on",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble();
    const secure = { name: "secure", address: `127.0.0.1:${pebble.ports.tls}` };
    await using rig = await startAcmeRig(pebble, {
      tls: { names: [] },
      config: { listeners: [{ ...secure, tls: { source: "acme", names: ["Only.Test"] } }] },
    });
    await rig.until("a try", () => rig.status("only.test").failures + rig.status("only.test").renewals > 0);
    assert.equal(rig.status("only.test").reason, null);
  },
);

test(
  "Keys are readable by their owner only, and a restart goes on with what is in store",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    using folder = new CertificateFolder();
    await using pebble = await startPebble();
    const options = { tls: { names: ["kept.test"] }, folder };
    let fingerprint = "";
    {
      await using rig = await startAcmeRig(pebble, options);
      await rig.untilShown("kept.test");
      fingerprint = rig.balancer.certificates[0]?.fingerprint ?? "";
    }
    const [account = ""] = readdirSync(join(folder.path, "acme"));
    const kept = join(folder.path, "acme", account);
    assert.equal(statSync(kept).mode & 0o777, 0o700);
    const files = readdirSync(kept).toSorted();
    assert.deepEqual(files, ["account.key", "account.url", "certificate-kept.test.pem"]);
    for (const file of files) assert.equal(statSync(join(kept, file)).mode & 0o777, 0o600, file);
    await pebble.kill();
    await using rig = await startAcmeRig(pebble, options);
    assert.deepEqual(
      rig.balancer.certificates.map(({ source, fingerprint: shown }) => [source, shown]),
      [["acme kept.test", fingerprint]],
    );
    assert.equal(rig.status("kept.test").state, "valid");
  },
);

test(
  "A certificate is renewed and revoked when asked for; the old one is shown until there is another",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble({ nonceReject: 20 });
    await using rig = await startAcmeRig(pebble, { tls: { names: ["again.test"] } });
    await rig.untilShown("again.test");
    const fingerprint = (): string => rig.balancer.certificates[0]?.fingerprint ?? "";
    const first = fingerprint();
    assert.equal(rig.balancer.acme.renew("nobody.test"), false);
    assert.equal(rig.balancer.acme.renew("again.test"), true);
    await rig.until("another certificate", () => fingerprint() !== first);
    const second = fingerprint();
    assert.equal(await rig.balancer.acme.revoke("again.test"), true);
    // Its log comes through a pipe, and may come late.
    await rig.until("its revocation", () => pebble.output.includes("revoke-cert"));
    await rig.until("a third certificate", () => fingerprint() !== second);
    const { certificate } = await askTls(pebble.ports.tls, { ...anyone, servername: "again.test" });
    assert.equal(certificate.fingerprint256?.replaceAll(":", "").toLowerCase(), fingerprint());
    assert.equal(rig.status("again.test").renewals, 3);
  },
);

test(
  "On demand a name gets its certificate when it is first asked for, if it is allowed to",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble();
    await using rig = await startAcmeRig(pebble, {
      tls: { onDemand: { allow: ["*.shops.test"], namesMax: 2 } },
      config: { workers: 1 },
    });
    const ask = async (servername: string): Promise<string> =>
      String((await askTls(pebble.ports.tls, { ...anyone, servername })).certificate.subjectaltname);
    await ask("elsewhere.test");
    await ask("a.b.shops.test");
    await ask("one.shops.test");
    await ask("one.shops.test");
    await rig.untilShown("one.shops.test");
    assert.equal(await ask("one.shops.test"), "DNS:one.shops.test");
    await ask("two.shops.test");
    await rig.untilShown("two.shops.test");
    // As many as may be kept.
    await ask("three.shops.test");
    await ask("one.shops.test");
    const names = rig.balancer.acme.statuses.map(({ name }) => name);
    assert.deepEqual(names, ["one.shops.test", "two.shops.test"]);
    assert.equal(rig.status("one.shops.test").renewals, 1);
  },
);

test(
  "An authority that wants an external account gets it, and says so when the key is wrong",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    await using pebble = await startPebble({ externalAccounts: { "kid-1": key } });
    {
      const acme = { externalAccount: { keyId: "kid-1", key: key.toLowerCase() } };
      await using rig = await startAcmeRig(pebble, { tls: { names: ["bound.test"] }, acme });
      await rig.until("a refusal", () => rig.status("bound.test").state === "failing");
      assert.match(rig.status("bound.test").reason ?? "", /external|signature|verif/i);
    }
    const acme = { externalAccount: { keyId: "kid-1", key } };
    await using rig = await startAcmeRig(pebble, { tls: { names: ["bound.test"] }, acme });
    await rig.untilShown("bound.test");
  },
);

test(
  "Names are got once however many listeners want them, and a proof that the authority remembers is not given again",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble({ authorizationReuse: 100 });
    const secure = (name: string, address: string, names: readonly string[]) => ({
      name,
      address,
      tls: { source: "acme" as const, names: [...names] },
    });
    await using rig = await startAcmeRig(pebble, {
      tls: {},
      config: {
        workers: 0,
        listeners: [
          { name: "plain", address: `127.0.0.1:${pebble.ports.http}` },
          secure("first", `127.0.0.1:${pebble.ports.tls}`, ["one.test", "shared.test"]),
          secure("second", "127.0.0.1:0", ["shared.test", "two.test"]),
        ],
      },
    });
    for (const name of ["one.test", "shared.test", "two.test"]) await rig.untilShown(name);
    const portOf = (listener: string): number =>
      rig.balancer.addresses.find((bound) => bound.listener === listener)?.port ?? 0;
    const shown = async (listener: string, servername: string): Promise<string> =>
      (await askTls(portOf(listener), { ...anyone, servername })).certificate.fingerprint256;
    assert.equal(await shown("first", "shared.test"), await shown("second", "shared.test"));
    assert.notEqual(await shown("first", "one.test"), await shown("second", "two.test"));
    assert.deepEqual(
      rig.balancer.acme.statuses.map(({ name, renewals }) => `${name} ${renewals}`).toSorted(),
      ["one.test 1", "shared.test 1", "two.test 1"],
    );
    // Nobody could prove anything any more.
    await pebble.point("shared.test", "127.0.0.77");
    rig.balancer.acme.renew("shared.test");
    await rig.until("a renewal", () => rig.status("shared.test").renewals === 2);
    assert.equal(rig.status("shared.test").failures, 0);
  },
);
