import assert from "node:assert/strict";
import { test } from "node:test";
import { makeTestAuthority } from "../../test/support/made-certificates.ts";
import { parseConfig } from "../config/parse.ts";
import { testCertificatePem } from "../../test/support/certificates.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { certificateWarnings } from "./certificate-warnings.ts";

const authority = await makeTestAuthority();

const cases = [
  ["good for months", {}, [], null],
  ["expired", { notBeforeDays: -9, notAfterDays: -1 }, [], /^has expired on \d{4}-\d\d-\d\d$/],
  ["about to expire", { notAfterDays: 13 }, [], /^expires on \d{4}-\d\d-\d\d$/],
  ["still good for a fortnight", { notAfterDays: 15 }, [], null],
  ["not valid yet", { notBeforeDays: 2 }, [], /^is not valid yet$/],
  ["shown for a name it does not have", {}, ["b.test"], /^does not name b\.test$/],
  ["shown for a name of its wildcard", { names: ["*.a.test"] }, ["b.a.test", "*.a.test"], null],
] as const;

for (const [name, options, shownFor, expected] of cases) {
  test(`a certificate that is ${name}`, async () => {
    const { certificatePem, keyPem } = await authority.leaf({ names: ["a.test"], ...options });
    const warnings = warningsFor((path) => (path.endsWith(".key") ? keyPem : certificatePem), [...shownFor]);
    const said = warnings.map((text) => text.replace(/^listener tls: the certificate in \/a\.pem /, ""));
    if (expected === null) assert.deepEqual(said, []);
    else assert.match(said.join("\n"), expected);
  });
}

test("a key of another certificate, and files that are not there", async () => {
  const { certificatePem } = await authority.leaf({ names: ["a.test"] });
  const { keyPem } = await authority.leaf({ names: ["a.test"] });
  const [mixed] = warningsFor((path) => (path.endsWith(".key") ? keyPem : certificatePem));
  assert.match(mixed ?? "", /does not belong to its key$/);
  const [absent] = warningsFor(() => {
    throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  });
  assert.match(
    absent ?? "",
    /^listeners\[0\]\.tls\.certificates\[0\]\.certificate: \/a\.pem cannot be read \(ENOENT\)$/,
  );
});

test("a certificate that is never shown, because an earlier one has its names", async () => {
  const made = {
    first: await authority.leaf({ names: ["a.test", "*.b.test"] }),
    other: await authority.leaf({ names: ["a.test"], kind: "rsa" }),
    again: await authority.leaf({ names: ["A.test", "x.b.test"] }),
    never: await authority.leaf({ names: ["a.test", "*.b.test"] }),
  };
  const certificates = Object.keys(made).map((name) => ({
    certificate: `/${name}.pem`,
    key: `/${name}.key`,
  }));
  const result = parseConfig({
    listeners: [{ name: "tls", address: "127.0.0.1:0", tls: { certificates } }],
    pools: { app: { endpoints: ["http://127.0.0.1:1"] } },
  });
  assert.ok("config" in result);
  const read = (path: string): string => {
    const [, name = "", kind] = /^\/(\w+)\.(\w+)$/.exec(path) ?? [];
    const { certificatePem, keyPem } = made[name as keyof typeof made];
    return kind === "key" ? keyPem : certificatePem;
  };
  assert.deepEqual(certificateWarnings(result.config, read, new VirtualClock(Date.now())), [
    "listener tls: the certificate in /never.pem is never shown: those before it have all its names",
  ]);
});

test("files of clients, pools and the ACME server are looked at, too", async () => {
  const { certificatePem, keyPem } = await authority.leaf({ names: ["a.test"], notAfterDays: 3 });
  const ending = await authority.revocationList([], 0.2);
  const files: Readonly<Record<string, string>> = {
    "/ending.pem": ending,
    "/a.pem": certificatePem,
    "/a.key": keyPem,
  };
  const result = parseConfig({
    listeners: [
      {
        name: "tls",
        address: "127.0.0.1:0",
        tls: { source: "acme", names: ["a.test"], clientCertificates: { ca: "/a.key", crl: "/crl.pem" } },
      },
      {
        name: "short",
        address: "127.0.0.1:1",
        tls: { source: "self-signed", clientCertificates: { ca: "/a.pem", crl: "/ending.pem" } },
      },
    ],
    acme: { agreeToTerms: true, ca: "/acme.pem" },
    pools: {
      app: { endpoints: ["https://127.0.0.1:1"], tls: { certificate: "/a.pem", key: "/a.key" } },
      other: { endpoints: ["https://127.0.0.1:1"], tls: { ca: "/a.key" } },
    },
    routes: [{ match: { path: "/other" }, pool: "other" }, { pool: "app" }],
  });
  assert.ok("config" in result);
  const read = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return text;
  };
  const warnings = certificateWarnings(result.config, read, new VirtualClock(Date.now()));
  assert.deepEqual(warnings.slice(0, -2), [
    "listeners[0].tls.clientCertificates.ca: /a.key holds no certificate (PEM)",
    "listeners[0].tls.clientCertificates.crl: /crl.pem cannot be read (ENOENT)",
    "pools.other.tls.ca: /a.key holds no certificate (PEM)",
    "acme.ca: /acme.pem cannot be read (ENOENT)",
  ]);
  assert.match(
    warnings.at(-2) ?? "",
    /^listener short: the list of revoked certificates in \/ending\.pem expires on .* nobody is let in/,
  );
  assert.match(warnings.at(-1) ?? "", /^pool app: the certificate in \/a\.pem expires on /);
});

function warningsFor(read: (path: string) => string, names: string[] = []): string[] {
  const certificates = [{ certificate: "/a.pem", key: "/a.key", names }];
  const result = parseConfig({
    listeners: [{ name: "tls", address: "127.0.0.1:0", tls: { certificates } }],
    pools: { app: { endpoints: ["http://127.0.0.1:1"] } },
  });
  assert.ok("config" in result);
  return certificateWarnings(result.config, read, new VirtualClock(Date.now()));
}

test("a file without a list of revoked certificates is told of where it is named", () => {
  const clientCertificates = { ca: "/a.pem", crl: "/a.pem" };
  const result = parseConfig({
    listeners: [{ address: "127.0.0.1:0", tls: { source: "self-signed", clientCertificates } }],
    routes: [{ respond: { status: 200 } }],
  });
  assert.ok("config" in result);
  const warnings = certificateWarnings(result.config, () => testCertificatePem, new VirtualClock(Date.now()));
  assert.deepEqual(warnings, [
    "listeners[0].tls.clientCertificates.crl: /a.pem holds no list of revoked certificates (PEM)",
  ]);
});
