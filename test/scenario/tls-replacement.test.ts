/** Certificates replaced while Headgate serves: by file, by configuration, under load, and never by a broken one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import tls from "node:tls";
import { CertificateFolder, type MadeCertificate, makeTestAuthority } from "../support/made-certificates.ts";
import { Signal, turns } from "../support/signal.ts";
import { askTls, failureOf } from "../support/tls-client.ts";
import { authority, ca, localhost, startTls } from "../support/tls-rig.ts";

test("A certificate that changes on disk is shown to new clients, and those connected notice nothing", async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder, { sessionLifetime: "off" });
  const old = tls.connect({ port: rig.proxy.port, host: "127.0.0.1", servername: "localhost", ca });
  const received = new Signal();
  let text = "";
  old.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    received.notify();
  });
  old.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  await received.until("the first answer", () => text.includes("\r\n\r\nok"));
  const next = await authority.leaf({ names: ["localhost"], subject: "CN=the next one" });
  const shown = async (): Promise<string> =>
    String((await askTls(rig.proxy.port, { ca })).certificate.subject.CN);
  assert.equal(await shown(), "localhost");
  folder.pair("localhost", next);
  while ((await shown()) !== "the next one") await turns(5);
  text = "";
  old.write("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  await received.until("an answer on the old connection", () => text.includes("\r\n\r\nok"));
  old.destroy();
});

test("A certificate that cannot be used leaves the old one in place", async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder);
  const certificates = [
    {
      certificate: folder.write("broken.pem", "nonsense"),
      key: folder.write("broken.key", localhost.keyPem),
    },
  ];
  await assert.rejects(
    rig.proxy.apply({
      origins: [rig.origin.port],
      listener: { tls: { certificates } },
    }),
    /the certificate in .*broken\.pem cannot be read/,
  );
  const foreign = await authority.leaf({ names: ["localhost"] });
  const mixed = [
    {
      certificate: folder.write("a.pem", localhost.certificatePem),
      key: folder.write("b.key", foreign.keyPem),
    },
  ];
  await assert.rejects(
    rig.proxy.apply({
      origins: [rig.origin.port],
      listener: { tls: { certificates: mixed } },
    }),
    /does not belong to its key/,
  );
  assert.equal((await askTls(rig.proxy.port, { ca })).status, 200);
});

test("A list of the revoked that turns to nonsense on disk reaches nobody: the old one counts", async () => {
  using folder = new CertificateFolder();
  const clients = await makeTestAuthority("CN=Client authority");
  const good = await clients.leaf({ names: ["good"] });
  const revoked = await clients.leaf({ names: ["revoked"] });
  const crl = folder.write("crl.pem", await clients.revocationList([revoked.serialNumber]));
  const clientCertificates = { ca: folder.write("clients.pem", clients.certificatePem), crl };
  await using rig = await startTls(folder, { clientCertificates });
  const ask = async ({ certificatePem: cert, keyPem: key }: MadeCertificate): Promise<string> =>
    failureOf(askTls(rig.proxy.port, { ca, cert, key }));
  folder.write("crl.pem", "-----BEGIN X509 CRL-----\nbm9uc2Vuc2U=\n-----END X509 CRL-----\n");
  await assert.rejects(
    rig.proxy.refreshCertificates(),
    /listeners\[0\]\.tls\.clientCertificates\.crl: .*CRL/,
  );
  assert.equal(await ask(good), "no failure");
  assert.notEqual(await ask(revoked), "no failure");
  // Put right, and nobody is revoked any more.
  folder.write("crl.pem", await clients.revocationList([]));
  await rig.proxy.refreshCertificates();
  assert.equal(await ask(revoked), "no failure");
});

test("A hundred changes of certificates under load fail no handshake", async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder, { sessionLifetime: "1h" });
  const pairs = [localhost, await authority.leaf({ names: ["localhost"] })];
  let isOver = false;
  let answers = 0;
  const answered = new Signal();
  const load = Array.from({ length: 4 }, async () => {
    let session: Buffer | undefined;
    while (!isOver) {
      const answer = await askTls(rig.proxy.port, { ca, ...(session === undefined ? {} : { session }) });
      assert.equal(answer.status, 200);
      session = answers++ % 3 === 0 ? undefined : answer.session;
      answered.notify();
    }
  });
  for (let i = 0; i < 100; i++) {
    const certificates = [folder.pair(`pair-${i % 2}`, pairs[i % 2] as (typeof pairs)[number])];
    await rig.proxy.apply({
      origins: [rig.origin.port],
      listener: { tls: { certificates } },
    });
    // Clients come between one change and the next.
    await answered.until("another answer", () => answers > i);
  }
  isOver = true;
  await Promise.all(load);
  assert.equal(rig.proxy.listener.failedHandshakes, 0);
});
