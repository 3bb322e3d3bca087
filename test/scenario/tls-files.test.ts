/** Files of TLS listeners that cannot be used: each is named with its place, all at once, and what to do. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { test } from "node:test";
import { formatPath } from "../../src/config/issue.ts";
import { ConfigError } from "../../src/runtime/config-error.ts";
import { CertificateFolder, type MadeCertificate } from "../support/made-certificates.ts";
import type { RigOptions } from "../support/rig.ts";
import { authority, ca, localhost, startTls, type TlsInput } from "../support/tls-rig.ts";

const other = await authority.leaf({ names: ["other.test"] });
const sealed = (type: "pkcs8" | "sec1"): string =>
  createPrivateKey(localhost.keyPem).export({
    type,
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "secret",
  });

const pairs: readonly (readonly [string, Partial<MadeCertificate>, "certificate" | "key", RegExp])[] = [
  ["a key behind a passphrase", { keyPem: sealed("pkcs8") }, "key", /a key that is encrypted: `openssl pkey/],
  ["one in the older form", { keyPem: sealed("sec1") }, "key", /a key that is encrypted/],
  ["a key of another certificate", { keyPem: other.keyPem }, "key", /does not belong to its key$/],
  [
    "a chain the wrong way round",
    { certificatePem: `${ca}\n${localhost.certificatePem}` },
    "certificate",
    /is in the wrong order: the one that belongs to the key must come first/,
  ],
  [
    "a key where the certificate should be",
    { certificatePem: localhost.keyPem },
    "certificate",
    /no certificate/,
  ],
  ["a certificate where the key should be", { keyPem: localhost.certificatePem }, "key", /no private key/],
  ["a certificate in binary", { certificatePem: "0\x82\x01" }, "certificate", /it is not PEM/],
];

async function issuesOf(
  folder: CertificateFolder,
  tls: TlsInput,
  options: RigOptions = {},
): Promise<(readonly [string, string])[]> {
  try {
    await using _ = await startTls(folder, tls, options);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.issues.map(({ path, message }) => [formatPath(path), message]);
  }
}

for (const [name, texts, part, message] of pairs) {
  test(`A listener is refused for ${name}`, async () => {
    using folder = new CertificateFolder();
    const certificates = [folder.pair("good", other), folder.pair("bad", { ...localhost, ...texts })];
    const [[path, said] = ["", ""], ...more] = await issuesOf(folder, { certificates });
    assert.equal(path, `listeners[0].tls.certificates[1].${part}`);
    assert.match(said, message);
    assert.deepEqual(more, []);
  });
}

test("Files that are not there, and files of clients that say nothing, are all told at once", async () => {
  using folder = new CertificateFolder();
  const issues = await issuesOf(
    folder,
    {
      certificates: [{ certificate: "/absent.pem", key: "/absent.key" }],
      clientCertificates: { ca: folder.write("clients.pem", other.keyPem), crl: "/absent.crl" },
    },
    { config: { acme: { ca: "/absent-acme.pem" } } },
  );
  assert.deepEqual(issues, [
    ["listeners[0].tls.certificates[0].certificate", "/absent.pem cannot be read (ENOENT)"],
    ["listeners[0].tls.certificates[0].key", "/absent.key cannot be read (ENOENT)"],
    ["listeners[0].tls.clientCertificates.ca", `${folder.path}/clients.pem holds no certificate (PEM)`],
    ["listeners[0].tls.clientCertificates.crl", "/absent.crl cannot be read (ENOENT)"],
    ["acme.ca", "/absent-acme.pem cannot be read (ENOENT)"],
  ]);
});
