/** TLS towards clients: who is shown which certificate, over which versions and protocols. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import tls from "node:tls";
import { CertificateFolder } from "../support/made-certificates.ts";
import { testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { askTls, failureOf } from "../support/tls-client.ts";
import { authority, ca, localhost, startTls, type TlsInput } from "../support/tls-rig.ts";

testOverTransports("An HTTPS request is answered, and what TLS agreed on is known", async (transport) => {
  using folder = new CertificateFolder();
  await using rig = await startTls(
    folder,
    {},
    { transport, config: { forwarded: { xForwardedProto: true } } },
  );
  const answer = await askTls(rig.proxy.port, { ca, ALPNProtocols: ["http/1.1"] });
  assert.equal(answer.status, 200);
  assert.equal(answer.protocol, "TLSv1.3");
  assert.equal(answer.alpn, "http/1.1");
  const record = await rig.proxy.record();
  assert.equal(record.isSecure, true);
  assert.equal(record.fact("tls.version"), "TLSv1.3");
  assert.equal(record.fact("tls.server_name"), "localhost");
  assert.equal(record.fact("tls.alpn"), "http/1.1");
  assert.equal(record.fact("tls.client_verify"), "NONE");
  assert.match(rig.origin.seen[0] ?? "", /X-Forwarded-Proto: https/);
  assert.deepEqual([rig.proxy.listener.handshakes, rig.proxy.listener.failedHandshakes], [1, 0]);
});

testOverTransports("Bodies of a megabyte pass both ways over TLS, byte for byte", async (transport) => {
  using folder = new CertificateFolder();
  const body = "0123456789abcdef".repeat(65_536);
  await using rig = await startTls(
    folder,
    {},
    {
      transport,
      behaviours: [
        {
          respond: (request) =>
            `HTTP/1.1 200 OK\r\nContent-Length: ${request.body.length}\r\n\r\n${request.body}`,
        },
      ],
    },
  );
  const socket = tls.connect({ port: rig.proxy.port, host: "127.0.0.1", servername: "localhost", ca });
  socket.write(
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let text = "";
  for await (const bytes of socket) text += (bytes as Buffer).toString("latin1");
  assert.equal(text.slice(text.indexOf("\r\n\r\n") + 4), body);
});

testOverTransports("Clients that read nothing are cut or leave while a write waits", async (transport) => {
  using folder = new CertificateFolder();
  const size = 20_000_000;
  const respond = (): string => `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(size)}`;
  const options = {
    transport,
    behaviours: [{ respond }],
    listener: { timeouts: { bodyIdle: "300ms" } },
  } as const;
  await using rig = await startTls(folder, {}, options);
  const { port } = rig.proxy;
  const clients = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca });
      socket.on("error", () => {});
      await once(socket, "secureConnect");
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await once(socket, "readable");
      return socket;
    }),
  );
  // What it has not read makes the first one's leaving a reset.
  clients[0]?.destroy();
  // The others are cut when they have read nothing for too long.
  while (rig.proxy.listener.connections > 0) await turns(1);
  for (const client of clients) client.destroy();
  const causes = await Promise.all(clients.map(async () => (await rig.proxy.record()).cause));
  assert.deepEqual(causes, ["client-gone", "client-gone", "client-gone", "client-gone"]);
});

test("Each name gets its certificate: exact before wildcard, and the first one for everybody else", async () => {
  using folder = new CertificateFolder();
  const wildcard = await authority.leaf({ names: ["*.example.test"] });
  const exact = await authority.leaf({ names: ["api.example.test"] });
  const named = await authority.leaf({ names: ["unused.test"], subject: "CN=named by the configuration" });
  const certificates = [
    folder.pair("localhost", localhost),
    folder.pair("wildcard", wildcard),
    folder.pair("exact", exact),
    { ...folder.pair("named", named), names: ["other.test"] },
  ];
  await using rig = await startTls(folder, { certificates });
  const shown = async (servername: string): Promise<string> => {
    const answer = await askTls(rig.proxy.port, { ca, servername, checkServerIdentity: () => undefined });
    return String(answer.certificate.subject.CN);
  };
  assert.equal(await shown("api.example.test"), "api.example.test");
  assert.equal(await shown("www.example.test"), "*.example.test");
  assert.equal(await shown("WWW.Example.TEST"), "*.example.test");
  assert.equal(await shown("a.b.example.test"), "localhost");
  assert.equal(await shown("other.test"), "named by the configuration");
  assert.equal(await shown("unused.test"), "localhost");
  assert.equal(await shown("nobody.test"), "localhost");
  // A client that names nobody.
  assert.equal(await shown(""), "localhost");
});

testOverTransports(
  "The protocol is agreed on under every name, whichever certificate it has",
  async (transport) => {
    using folder = new CertificateFolder();
    const names = ["one.test", "two.test", "three.test"];
    const certificates = await Promise.all(
      names.map(async (name) => folder.pair(name, await authority.leaf({ names: [name] }))),
    );
    await using rig = await startTls(folder, { certificates }, { transport });
    const ALPNProtocols = ["spdy/3", "http/1.1"];
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      for (const servername of [...names, ...names, "unknown.test"]) {
        const checkServerIdentity = (): undefined => undefined;
        const offer = { ca, maxVersion, servername, checkServerIdentity, ALPNProtocols };
        const { alpn, certificate } = await askTls(rig.proxy.port, offer);
        const shown = names.includes(servername) ? servername : "one.test";
        assert.deepEqual([alpn, certificate.subject.CN], ["http/1.1", shown], servername);
      }
    }
  },
);

test("ECDSA and RSA stand side by side: the client chooses", async () => {
  using folder = new CertificateFolder();
  const rsa = await authority.leaf({ names: ["localhost"], kind: "rsa" });
  const certificates = [folder.pair("ecdsa", localhost), folder.pair("rsa", rsa)];
  await using rig = await startTls(folder, { certificates });
  const common = { ca, maxVersion: "TLSv1.2" } as const;
  const first = await askTls(rig.proxy.port, { ...common, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" });
  assert.equal(first.certificate.asn1Curve, "prime256v1");
  const second = await askTls(rig.proxy.port, { ...common, ciphers: "ECDHE-RSA-AES128-GCM-SHA256" });
  assert.equal(second.certificate.bits, 2048);
  const third = await askTls(rig.proxy.port, { ca, sigalgs: "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256" });
  assert.ok(third.protocol === "TLSv1.3");
});

const versions: readonly (readonly [string, TlsInput, tls.ConnectionOptions, string])[] = [
  ["the intermediate preset speaks TLS 1.3", {}, { minVersion: "TLSv1.3" }, "TLSv1.3"],
  ["the intermediate preset speaks TLS 1.2", {}, { maxVersion: "TLSv1.2" }, "TLSv1.2"],
  [
    "nothing older than TLS 1.2",
    {},
    { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
    "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  ],
  ["the modern preset speaks TLS 1.3", { preset: "modern" }, {}, "TLSv1.3"],
  [
    "the modern preset refuses TLS 1.2",
    { preset: "modern" },
    { maxVersion: "TLSv1.2" },
    "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  ],
  [
    "a minimum version of 1.3",
    { minVersion: "1.3" },
    { maxVersion: "TLSv1.2" },
    "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  ],
  [
    "no cipher without forward secrecy",
    {},
    { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" },
    "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
  ],
  [
    "no protocol in common",
    { alpn: ["h2"] },
    { ALPNProtocols: ["http/1.1"] },
    "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
  ],
];

for (const [name, settings, client, expected] of versions) {
  test(`TLS versions and ciphers: ${name}`, async () => {
    using folder = new CertificateFolder();
    await using rig = await startTls(folder, settings);
    const attempt = askTls(rig.proxy.port, { ca, ...client });
    if (expected.startsWith("TLS")) assert.equal((await attempt).protocol, expected);
    else {
      assert.equal(await failureOf(attempt), expected);
      assert.equal(rig.proxy.listener.failedHandshakes, 1);
    }
  });
}

test("The intermediate preset takes Mozilla's ciphers of TLS 1.2 and no other that OpenSSL has", async () => {
  using folder = new CertificateFolder();
  const rsa = await authority.leaf({ names: ["localhost"], kind: "rsa" });
  const certificates = [folder.pair("ecdsa", localhost), folder.pair("rsa", rsa)];
  await using rig = await startTls(folder, { certificates });
  const known = tls.getCiphers().filter((name) => !name.startsWith("tls_"));
  assert.ok(known.length > 30, `OpenSSL has only ${known.length}`);
  const taken: string[] = [];
  for (const name of known) {
    const ciphers = `${name.toUpperCase()}:@SECLEVEL=0`;
    const failure = await failureOf(askTls(rig.proxy.port, { ca, maxVersion: "TLSv1.2", ciphers }));
    if (failure === "no failure") taken.push(name);
  }
  assert.deepEqual(taken.toSorted(), [
    "ecdhe-ecdsa-aes128-gcm-sha256",
    "ecdhe-ecdsa-aes256-gcm-sha384",
    "ecdhe-ecdsa-chacha20-poly1305",
    "ecdhe-rsa-aes128-gcm-sha256",
    "ecdhe-rsa-aes256-gcm-sha384",
    "ecdhe-rsa-chacha20-poly1305",
  ]);
});

for (const [protocol, suites] of [
  ["TLSv1.3", ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]],
  ["TLSv1.2", ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"]],
] as const) {
  test(`Among the ciphers the client's order counts, ${protocol}`, async () => {
    using folder = new CertificateFolder();
    await using rig = await startTls(folder);
    for (const first of suites) {
      const ciphers = [first, ...suites.filter((suite) => suite !== first)].join(":");
      const answer = await askTls(rig.proxy.port, { ca, maxVersion: protocol, ciphers });
      assert.deepEqual([answer.protocol, answer.cipher], [protocol, first]);
    }
  });
}

test("HSTS is on every HTTPS response, also on those made here", async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(
    folder,
    { hsts: { maxAge: "365d", includeSubdomains: true } },
    {
      config: { routes: [{ match: { path: "/here" }, respond: { status: 204 } }, { pool: "app" }] },
    },
  );
  for (const path of ["/", "/here"]) {
    const { text } = await askTls(rig.proxy.port, { ca }, path);
    assert.match(text, /\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\n/);
  }
});
