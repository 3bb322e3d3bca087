import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { crc32c } from "./crc32c.ts";
import {
  proxyHeaderBytesMax,
  readProxyHeader,
  signatureV2,
  type ProxyHeaderReading,
} from "./proxy-protocol.ts";
import { encodeProxyHeader } from "./proxy-protocol-writer.ts";

function read(bytes: Buffer | string): ProxyHeaderReading {
  const buffer = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  return readProxyHeader(buffer, buffer.length);
}

function binary(versionAndCommand: number, family: number, rest: string): Buffer {
  const body = Buffer.from(rest.replaceAll(" ", ""), "hex");
  const fixed = Buffer.from([versionAndCommand, family, body.length >> 8, body.length & 255]);
  return Buffer.concat([signatureV2, fixed, body]);
}

function endsOf(reading: ProxyHeaderReading): string {
  if (reading.kind !== "complete") return `${reading.kind} ${"fault" in reading ? reading.fault : ""}`;
  const { ends } = reading.header;
  if (ends === null) return "own ends";
  const { source, destination } = ends;
  return `${source.address} ${source.port} > ${destination.address} ${destination.port}`;
}

const v4Ends = "c0000201 c6336401 dc04 01bb";

const accepted: readonly [string, Buffer | string, string][] = [
  [
    "v1 over IPv4",
    "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET",
    "192.0.2.1 56324 > 198.51.100.1 443",
  ],
  ["v1 over IPv6", "PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", "2001:db8::1 65535 > ::1 0"],
  ["v1 that does not know", "PROXY UNKNOWN\r\n", "own ends"],
  ["v1 that does not know, with words", "PROXY UNKNOWN ff::1 whatever\r\n", "own ends"],
  ["v2 over IPv4", binary(0x21, 0x11, v4Ends), "192.0.2.1 56324 > 198.51.100.1 443"],
  ["v2 for datagrams", binary(0x21, 0x12, v4Ends), "192.0.2.1 56324 > 198.51.100.1 443"],
  [
    "v2 over IPv6",
    binary(0x21, 0x21, `20010db8${"0".repeat(23)}1 ${"0".repeat(31)}1 0050 01bb`),
    "2001:db8::1 80 > ::1 443",
  ],
  ["v2 over unix sockets", binary(0x21, 0x31, "00".repeat(216)), "unix: 0 > unix: 0"],
  ["v2 LOCAL", binary(0x20, 0x00, ""), "own ends"],
  ["v2 LOCAL with addresses", binary(0x20, 0x11, v4Ends), "own ends"],
  ["v2 LOCAL with bytes nobody understands", binary(0x20, 0x11, "ffff"), "own ends"],
  ["v2 unspecified", binary(0x21, 0x00, ""), "own ends"],
  ["v2 unspecified with a TLV", binary(0x21, 0x00, "04 0001 00"), "own ends"],
];

for (const [name, bytes, expected] of accepted) {
  test(`a header is read: ${name}`, () => assert.equal(endsOf(read(bytes)), expected));
}

const refusals: readonly [string, Buffer | string, RegExp][] = [
  ["an HTTP request", "GET / HTTP/1.1\r\n\r\n", /not a PROXY header/],
  ["a TLS handshake", Buffer.from([0x16, 3, 1]), /not a PROXY header/],
  ["small letters", "proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", /not a PROXY header/],
  ["a line without an end", `PROXY UNKNOWN ${"x".repeat(107)}\r\n`, /107/],
  ["another family", "PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", /family/],
  ["IPv6 in TCP4", "PROXY TCP4 ::1 ::1 1 1\r\n", /address/],
  ["IPv4 in TCP6", "PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", /address/],
  ["a zone", "PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", /address/],
  ["a leading zero in an address", "PROXY TCP4 1.2.3.04 1.2.3.4 1 1\r\n", /address/],
  ["a leading zero in a port", "PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", /port/],
  ["a port too large", "PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", /port/],
  ["two spaces", "PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", /two addresses/],
  ["a word too many", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", /two addresses/],
  ["a word too few", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", /two addresses/],
  ["version 1 in binary", binary(0x11, 0x11, v4Ends), /version/],
  ["an unknown command", binary(0x22, 0x11, v4Ends), /command/],
  ["an unknown family", binary(0x21, 0x41, v4Ends), /family/],
  ["an unknown protocol", binary(0x21, 0x13, v4Ends), /family/],
  ["too few bytes for the addresses", binary(0x21, 0x21, v4Ends), /too short/],
  ["a TLV beyond the end", binary(0x21, 0x11, `${v4Ends} 01 0005 6832`), /TLV/],
  ["half a TLV", binary(0x21, 0x11, `${v4Ends} 01 00`), /TLV/],
  ["a wrong checksum", binary(0x21, 0x11, `${v4Ends} 03 0004 00000000`), /CRC32c/],
  ["a checksum of another size", binary(0x21, 0x11, `${v4Ends} 03 0002 0000`), /CRC32c/],
  [
    "a header that would not end",
    Buffer.concat([signatureV2, Buffer.from([0x21, 0x11, 0xff, 0xff])]),
    new RegExp(String(proxyHeaderBytesMax)),
  ],
];

for (const [name, bytes, fault] of refusals) {
  test(`a header is refused: ${name}`, () => {
    const reading = read(bytes);
    assert.equal(reading.kind, "refused");
    assert.match(endsOf(reading), fault);
  });
}

test("CRC-32C of nine digits is the catalogued check value", () => {
  assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
});

test("a right checksum is accepted, and TLVs are kept in order", () => {
  const header = binary(0x21, 0x11, `${v4Ends} 01 0002 6832 03 0004 00000000 02 0001 61`);
  header.writeUInt32BE(crc32c(header), 16 + 12 + 5 + 3);
  const reading = read(header);
  assert.equal(reading.kind, "complete");
  const { tlvs } = reading.header;
  assert.deepEqual(
    [...tlvs].map(({ type }) => type),
    [1, 3, 2],
  );
  assert.equal(Buffer.from(tlvs[0]!.value).toString(), "h2");
});

const address = fc.oneof(fc.ipV4(), fc.ipV6());
const end = fc.record({ address, port: fc.integer({ min: 0, max: 65_535 }) });
const tlvs = fc.array(
  fc.record({ type: fc.constantFrom(1, 2, 5, 0x20, 0xe0), value: fc.uint8Array({ maxLength: 40 }) }),
);

test("what the writer writes, the reader reads", () => {
  fc.assert(
    fc.property(
      end,
      end,
      tlvs,
      fc.constantFrom("v1" as const, "v2" as const),
      (source, destination, sent, version) => {
        const bytes = encodeProxyHeader(version, { source, destination }, sent);
        const reading = read(bytes);
        assert.equal(reading.kind, "complete");
        assert.equal(reading.byteCount, bytes.length);
        const { ends } = reading.header;
        assert.ok(ends !== null);
        assert.equal(ends.source.port, source.port);
        assert.equal(ends.destination.port, destination.port);
        const again = encodeProxyHeader(version, ends, reading.header.tlvs);
        assert.deepEqual(again, bytes);
        assert.equal(reading.header.tlvs.length, version === "v1" ? 0 : sent.length);
      },
    ),
    { seed: 7, numRuns: 500 },
  );
});

test("without ends the writer says that the balancer speaks for itself", () => {
  assert.equal(encodeProxyHeader("v1", null).toString(), "PROXY UNKNOWN\r\n");
  assert.equal(endsOf(read(encodeProxyHeader("v2", null))), "own ends");
  const unix = { address: "unix:", port: 0 };
  assert.equal(endsOf(read(encodeProxyHeader("v2", { source: unix, destination: unix }))), "own ends");
});

/** Bytes that are nearly headers: right ones with some bytes changed, and noise behind right beginnings. */
const nearly = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...accepted.map(([, bytes]) => Buffer.from(bytes as string, "latin1"))),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
    )
    .map(([bytes, at, value]) => {
      const changed = Buffer.from(bytes);
      changed[at % changed.length] = value;
      return changed;
    }),
  fc.uint8Array({ maxLength: 200 }).map((noise) => Buffer.concat([signatureV2, noise])),
  fc.uint8Array({ maxLength: 200 }).map((noise) => Buffer.concat([Buffer.from("PROXY "), noise])),
  fc.uint8Array({ maxLength: 200 }).map((noise) => Buffer.from(noise)),
);

test("split at any byte, a header is read or refused as in one piece, and nothing beyond it is looked at", () => {
  fc.assert(
    fc.property(nearly, fc.uint8Array({ maxLength: 20 }), (bytes, behind) => {
      const whole = readProxyHeader(bytes, bytes.length);
      let first: ProxyHeaderReading = { kind: "incomplete" };
      for (let length = 0; length <= bytes.length && first.kind === "incomplete"; length++) {
        // Bytes beyond the length are somebody else's.
        const padded = Buffer.concat([bytes.subarray(0, length), behind]);
        first = readProxyHeader(padded, length);
      }
      assert.equal(first.kind, whole.kind);
      if (whole.kind === "complete") assert.deepEqual(first, whole);
    }),
    { seed: 11, numRuns: 3000 },
  );
});
