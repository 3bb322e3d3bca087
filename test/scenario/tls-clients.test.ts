/** Client certificates: asked for, insisted on, verified against an authority and its list of the revoked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { captureLog } from "../support/capture-log.ts";
import { CertificateFolder, makeTestAuthority, type TestAuthority } from "../support/made-certificates.ts";
import { testOverTransports } from "../support/rig.ts";
import { askTls, failureOf } from "../support/tls-client.ts";
import { ca, localhost, startTls, type TlsInput } from "../support/tls-rig.ts";

interface ClientCase {
  readonly name: string;
  readonly mode: "request" | "require" | "verify";
  readonly shows: "nothing" | "good" | "foreign" | "expired" | "revoked";
  /** What `tls.client_verify` says, or null when the client is turned away. */
  readonly verdict: string | null;
}

const clientCases: readonly ClientCase[] = [
  { name: "request, and none is shown", mode: "request", shows: "nothing", verdict: "NONE" },
  { name: "request, and a good one is shown", mode: "request", shows: "good", verdict: "SUCCESS" },
  {
    name: "request, and a foreign one is shown",
    mode: "request",
    shows: "foreign",
    verdict: "FAILED:UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  },
  { name: "require, and none is shown", mode: "require", shows: "nothing", verdict: null },
  {
    name: "require, and a foreign one is shown",
    mode: "require",
    shows: "foreign",
    verdict: "FAILED:UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  },
  { name: "verify, and none is shown", mode: "verify", shows: "nothing", verdict: null },
  { name: "verify, and a good one is shown", mode: "verify", shows: "good", verdict: "SUCCESS" },
  { name: "verify, and a foreign one is shown", mode: "verify", shows: "foreign", verdict: null },
  { name: "verify, and an expired one is shown", mode: "verify", shows: "expired", verdict: null },
  { name: "verify, and a revoked one is shown", mode: "verify", shows: "revoked", verdict: null },
];

const clientAuthority = await makeTestAuthority("CN=Client authority");
const foreignAuthority = await makeTestAuthority("CN=Foreign authority");

async function clientCertificates(
  by: TestAuthority,
  from: TestAuthority,
): Promise<Record<ClientCase["shows"], { cert: string; key: string; serial: string } | null>> {
  const made = async (
    authorityOf: TestAuthority,
    more = {},
  ): Promise<{ cert: string; key: string; serial: string }> => {
    const { certificatePem, keyPem, serialNumber } = await authorityOf.leaf({
      names: ["client"],
      subject: "CN=Ann, O=Example",
      ...more,
    });
    return { cert: certificatePem, key: keyPem, serial: serialNumber };
  };
  return {
    nothing: null,
    good: await made(by),
    foreign: await made(from),
    expired: await made(by, { notBeforeDays: -10, notAfterDays: -1 }),
    revoked: await made(by),
  };
}

const clients = await clientCertificates(clientAuthority, foreignAuthority);

for (const { name, mode, shows, verdict } of clientCases) {
  test(`Client certificates: ${name}`, async () => {
    using folder = new CertificateFolder();
    const crl = await clientAuthority.revocationList([clients.revoked?.serial ?? ""]);
    const settings: TlsInput = {
      clientCertificates: {
        mode,
        ca: folder.write("ca.pem", clientAuthority.certificatePem),
        crl: folder.write("crl.pem", crl),
      },
    };
    const log = captureLog(false);
    await using rig = await startTls(folder, settings, { log });
    const own = clients[shows];
    const attempt = askTls(rig.proxy.port, { ca, ...(own === null ? {} : { cert: own.cert, key: own.key }) });
    if (verdict === null) {
      const isMissing = shows === "nothing";
      assert.notEqual(await failureOf(attempt), "no failure");
      assert.equal(rig.origin.connections.length, 0);
      assert.equal(rig.proxy.listener.failedHandshakes, 1);
      const [reason] = log.entries.map(({ fields }) => String(fields["reason"]));
      assert.match(
        reason ?? "",
        isMissing ? /^client-certificate-missing$/ : /^client-certificate-refused: [A-Z_]+$/,
      );
      return;
    }
    assert.equal((await attempt).status, 200);
    const record = await rig.proxy.record();
    assert.equal(record.fact("tls.client_verify"), verdict);
    if (own !== null) assert.equal(record.fact("tls.client_subject"), "O=Example,CN=Ann");
  });
}

const noCertificate = [
  { maxVersion: "TLSv1.2", alert: "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE" },
  { maxVersion: "TLSv1.3", alert: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" },
] as const;

for (const mode of ["require", "verify"] as const) {
  for (const { maxVersion, alert } of noCertificate) {
    testOverTransports(
      `Who shows no certificate is told so by an alert (${mode}, ${maxVersion})`,
      async (transport) => {
        using folder = new CertificateFolder();
        const clientCertificates = { mode, ca: folder.write("ca.pem", clientAuthority.certificatePem) };
        const log = captureLog();
        await using rig = await startTls(folder, { clientCertificates }, { transport, log });
        assert.equal(await failureOf(askTls(rig.proxy.port, { ca, maxVersion })), alert);
        const warnings = log.entries.filter(({ level }) => level === "warn");
        const [warning] = warnings.map(({ message, fields }) => [message, fields["reason"]]);
        assert.deepEqual(warning, ["client certificate refused", "client-certificate-missing"]);
      },
    );
  }
}

test("A session is not resumed into a listener that judges clients otherwise", async () => {
  using folder = new CertificateFolder();
  const options = (mode: "request" | "verify"): TlsInput => ({
    clientCertificates: { mode, ca: folder.write("ca.pem", clientAuthority.certificatePem) },
  });
  await using rig = await startTls(folder, options("request"));
  const foreign = clients.foreign as { cert: string; key: string };
  const { session } = await askTls(rig.proxy.port, { ca, cert: foreign.cert, key: foreign.key });
  assert.ok(session !== undefined);
  const certificates = [folder.pair("localhost", localhost)];
  await rig.proxy.apply({
    origins: [rig.origin.port],
    listener: { tls: { ...options("verify"), certificates } },
  });
  const attempt = askTls(rig.proxy.port, { ca, session, cert: foreign.cert, key: foreign.key });
  assert.notEqual(await failureOf(attempt), "no failure");
});

test("Routes and headers go by what the client's certificate says", async () => {
  using folder = new CertificateFolder();
  const settings: TlsInput = {
    clientCertificates: { mode: "request", ca: folder.write("ca.pem", clientAuthority.certificatePem) },
  };
  const isOps = { subject: { contains: "OU=ops" }, san: { contains: "URI:spiffe://example/ops" } };
  await using rig = await startTls(folder, settings, {
    config: {
      routes: [
        {
          match: { path: "/admin", clientCertificate: { verify: "SUCCESS", ...isOps } },
          pool: "app",
          headers: { request: { set: { "X-Client": "${tls.client_subject} | ${tls.client_san}" } } },
        },
        { match: { path: "/admin" }, respond: { status: 403 } },
        { match: { clientCertificate: { subject: false } }, respond: { status: 401 } },
        { pool: "app" },
      ],
    },
  });
  const made = async (by: TestAuthority, unit: string): Promise<{ cert: string; key: string }> => {
    const options = { names: ["client"], subject: `CN=Ann, OU=${unit}`, uris: [`spiffe://example/${unit}`] };
    const { certificatePem, keyPem } = await by.leaf(options);
    return { cert: certificatePem, key: keyPem };
  };
  const ops = await made(clientAuthority, "ops");
  const ask = async (path: string, own: object): Promise<number> =>
    (await askTls(rig.proxy.port, { ca, ...own }, path)).status;
  assert.equal(await ask("/admin", ops), 200);
  const [seen = ""] = rig.origin.seen;
  assert.match(seen, /X-Client: OU=ops,CN=Ann \| DNS:client, URI:spiffe:\/\/example\/ops\r\n/);
  assert.equal(await ask("/admin", await made(clientAuthority, "sales")), 403);
  assert.equal(await ask("/admin", await made(foreignAuthority, "ops")), 403);
  assert.equal(await ask("/admin", {}), 403);
  assert.equal(await ask("/", {}), 401);
  assert.equal(await ask("/", ops), 200);
});
