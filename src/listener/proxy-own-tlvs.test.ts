import assert from "node:assert/strict";
import { test } from "node:test";
import { readProxyHeader } from "./proxy-protocol.ts";
import { encodeProxyHeader } from "./proxy-protocol-writer.ts";
import { commonNameOf, type ToldClient, type ToldTls, tlvsFor } from "./proxy-own-tlvs.ts";

const tls: ToldTls = {
  version: "TLSv1.3",
  cipher: "TLS_X",
  clientSubject: "O=Example,CN=Ann",
  clientVerify: "SUCCESS",
  isResumed: false,
};
const client: ToldClient = { tls, alpn: "h2", serverName: "a.test" };
const all = ["tls", "alpn", "authority"] as const;

function shown(tlvs: readonly { type: number; value: Uint8Array }[]): string[] {
  return tlvs.map(({ type, value }) => `${type.toString(16)} ${Buffer.from(value).toString("latin1")}`);
}

const told = (flags: string, verify: string, name: string): string =>
  `20 ${flags}\0\0\0${verify}\x21\0\x07TLSv1.3${name}\x23\0\x05TLS_X`;
const ann = "\x22\0\x03Ann";

const cases: readonly [string, Partial<ToldTls>, string][] = [
  ["a good certificate", {}, told("\x07", "\0", ann)],
  ["one of a resumed session", { isResumed: true }, told("\x05", "\0", ann)],
  ["one that is not good", { clientVerify: "FAILED:CERT_HAS_EXPIRED" }, told("\x07", "\x01", ann)],
  ["none", { clientSubject: null, clientVerify: "NONE" }, told("\x01", "\x01", "")],
  ["one without a common name", { clientSubject: "O=Example" }, told("\x07", "\0", "")],
];
for (const [what, change, expected] of cases)
  test(`TLS that was ended here is told with the client's certificate: ${what}`, () => {
    const tlvs = tlvsFor(["tls"], { ...client, tls: { ...tls, ...change } }, []);
    assert.deepEqual(shown(tlvs), [expected]);
  });

test("only what is wanted and known is told", () => {
  assert.deepEqual(shown(tlvsFor(["alpn", "authority"], client, [])), ["1 h2", "2 a.test"]);
  assert.deepEqual(tlvsFor([], client, []), []);
  assert.deepEqual(tlvsFor(all, { tls: null, alpn: "", serverName: "" }, []), []);
});

test("no type goes out twice, and what a proxy in front has told has the last word", () => {
  const received = [
    { type: 0x02, value: Buffer.from("outer.test") },
    { type: 0xe0, value: Buffer.from("kept") },
    { type: 0xe0, value: Buffer.from("again") },
  ];
  assert.deepEqual(shown(tlvsFor(["alpn", "authority"], client, received)), [
    "2 outer.test",
    "e0 kept",
    "1 h2",
  ]);
});

test("a checksum goes out where it is wanted, and covers everything", () => {
  const ends = {
    source: { address: "192.0.2.1", port: 1 },
    destination: { address: "192.0.2.2", port: 2 },
  };
  const header = encodeProxyHeader("v2", ends, tlvsFor(all, client, []), true);
  const reading = readProxyHeader(header, header.length);
  assert.equal(reading.kind, "complete");
  assert.deepEqual(
    reading.header.tlvs.map(({ type }) => type),
    [1, 2, 0x20, 3],
  );
  header[20]! ^= 1;
  assert.equal(readProxyHeader(header, header.length).kind, "refused");
});

const names: readonly [string, string][] = [
  ["CN=Ann", "Ann"],
  ["CN=Ann,OU=x,C=AT", "Ann"],
  ["C=AT,O=CN\\=no,CN=Ann", "Ann"],
  ["CN=outer,CN=first in the certificate", "first in the certificate"],
  ["O=x,CN=Smith\\, Ann \\+ Bob", "Smith, Ann + Bob"],
  ["OU=x + CN=both", "both"],
  ["CN=a\\0Ab", "a\nb"],
  ["O=a\\,CN=no", ""],
  ["XCN=no", ""],
  ["", ""],
];
for (const [subject, name] of names)
  test(`the common name of ${JSON.stringify(subject)} is ${JSON.stringify(name)}`, () => {
    assert.equal(commonNameOf(subject), name);
  });
