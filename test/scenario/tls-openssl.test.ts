/** TLS termination as openssl, curl and a browser see it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CertificateFolder, makeTestAuthority } from "../support/made-certificates.ts";
import { missing } from "../support/peer-program.ts";
import { authority, ca, localhost, startTls } from "../support/tls-rig.ts";
import { transports } from "../support/transports.ts";

/** Everything a command says on both outputs; it ends with its input. */
function run(command: string, args: readonly string[], input = ""): Promise<string> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}

const request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

function client(port: number, args: readonly string[]): Promise<string> {
  const fixed = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-ign_eof"];
  return run("openssl", ["s_client", ...fixed, ...args], request);
}

const openssl = { skip: missing("openssl"), timeout: 60_000 };

test("openssl: versions, ciphers, ALPN and the chain", openssl, async () => {
  using folder = new CertificateFolder();
  const caFile = folder.write("ca.pem", ca);
  const rsa = await authority.leaf({ names: ["localhost"], kind: "rsa" });
  const certificates = [folder.pair("ecdsa", localhost), folder.pair("rsa", rsa)];
  await using rig = await startTls(folder, { certificates });
  const { port } = rig.proxy;
  const trusted = ["-CAfile", caFile, "-verify_return_error", "-verify_hostname", "localhost"];

  const tls13 = await client(port, [...trusted, "-tls1_3", "-alpn", "http/1.1"]);
  assert.match(tls13, /New, TLSv1\.3, Cipher is TLS_/);
  assert.match(tls13, /ALPN protocol: http\/1\.1/);
  assert.match(tls13, /Verify return code: 0 \(ok\)|Verification: OK/);
  assert.match(tls13, /HTTP\/1\.1 200 OK/);

  const byEcdsa = await client(port, [...trusted, "-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"]);
  assert.match(byEcdsa, /Cipher is ECDHE-ECDSA-CHACHA20-POLY1305/);
  const byRsa = await client(port, [...trusted, "-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"]);
  assert.match(byRsa, /Cipher is ECDHE-RSA-AES256-GCM-SHA384/);
  assert.match(await client(port, [...trusted, "-alpn", "h2"]), /ALPN protocol: h2/);
  for (const group of ["X25519", "P-256", "P-384"])
    assert.match(await client(port, [...trusted, "-groups", group]), /HTTP\/1\.1 200 OK/, group);

  const refusals: readonly (readonly string[])[] = [
    ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
    ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"],
    ["-groups", "P-521"],
    ["-alpn", "spdy/3"],
  ];
  for (const args of refusals)
    assert.match(await client(port, args), /alert|no protocols available/, args.join(" "));
});

test("openssl: every answer ends with close_notify, or openssl would complain", openssl, async () => {
  using folder = new CertificateFolder();
  for (const transport of transports) {
    await using rig = await startTls(folder, {}, { transport });
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const output = await client(rig.proxy.port, [version]);
      assert.match(output, /HTTP\/1\.1 200 OK/);
      assert.doesNotMatch(output, /unexpected eof/);
    }
  }
});

test("openssl: sessions of both versions are resumed", openssl, async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder);
  for (const version of ["-tls1_2", "-tls1_3"]) {
    const file = join(folder.path, `session${version}`);
    assert.match(await client(rig.proxy.port, [version, "-sess_out", file]), /^New, /m);
    assert.match(await client(rig.proxy.port, [version, "-sess_in", file]), /^Reused, /m);
  }
});

test("openssl: a client's certificate is wanted, judged, and told to the endpoint", openssl, async () => {
  using folder = new CertificateFolder();
  const clients = await makeTestAuthority("CN=Client authority");
  const own = folder.pair("own", await clients.leaf({ names: ["ann"], subject: "CN=Ann" }));
  await using rig = await startTls(
    folder,
    { clientCertificates: { mode: "verify", ca: folder.write("clients.pem", clients.certificatePem) } },
    {
      config: {
        routes: [{ pool: "app", headers: { request: { set: { "X-Client": "${tls.client_subject}" } } } }],
      },
    },
  );
  const shown = await client(rig.proxy.port, ["-cert", own.certificate, "-key", own.key]);
  assert.match(shown, /Acceptable client certificate CA names\nCN ?= ?Client authority/);
  assert.match(shown, /HTTP\/1\.1 200 OK/);
  assert.match(rig.origin.seen[0] ?? "", /X-Client: CN=Ann\r\n/);
  assert.doesNotMatch(await client(rig.proxy.port, []), /HTTP\/1\.1 200/);
});

test(
  "curl verifies and is answered, over HTTP/1.1 and HTTP/2",
  { skip: missing("curl"), timeout: 60_000 },
  async () => {
    using folder = new CertificateFolder();
    await using rig = await startTls(folder);
    const place = [
      "--resolve",
      `localhost:${rig.proxy.port}:127.0.0.1`,
      `https://localhost:${rig.proxy.port}/`,
    ];
    const trusted = [
      "-sS",
      "--cacert",
      folder.write("ca.pem", ca),
      "-w",
      " %{http_version} %{ssl_verify_result}",
    ];
    assert.equal(await run("curl", [...trusted, "--http1.1", ...place]), "ok 1.1 0");
    assert.equal(await run("curl", [...trusted, "--http2", ...place]), "ok 2 0");
    assert.match(await run("curl", ["-sS", ...place]), /self-signed|unable to get local issuer|certificate/);
  },
);

test("Chromium shows a page that came over TLS", { skip: missing("chromium"), timeout: 60_000 }, async () => {
  using folder = new CertificateFolder();
  const body = "<title>t</title><p>over the gate</p>";
  const respond = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  await using rig = await startTls(folder, {}, { behaviours: [{ respond: () => respond }] });
  const key = new X509Certificate(localhost.certificatePem).publicKey.export({ type: "spki", format: "der" });
  const profile = mkdtempSync(join(tmpdir(), "headgate-chromium-"));
  const dom = await run("chromium", [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", `--user-data-dir=${profile}`],
    `--ignore-certificate-errors-spki-list=${createHash("sha256").update(key).digest("base64")}`,
    `https://localhost:${rig.proxy.port}/`,
  ]);
  rmSync(profile, { recursive: true, force: true });
  assert.match(dom, /<p>over the gate<\/p>/);
  const record = await rig.proxy.record();
  assert.deepEqual([record.status, record.isSecure, record.protocol], [200, true, "HTTP/2"]);
});
