import assert from "node:assert/strict";
import { test } from "node:test";
import { endsWithTlsAlert } from "./tls-alert.ts";

function record(type: number, minor: number, bodyBytes: number): Buffer {
  const header = Buffer.from([type, 3, minor, bodyBytes >> 8, bodyBytes & 255]);
  return Buffer.concat([header, Buffer.alloc(bodyBytes, 0xaa)]);
}

const cases = [
  { what: "a sealed alert of version 1.3", bytes: record(0x17, 3, 19), isAlert: true },
  { what: "one with a short tag", bytes: record(0x17, 3, 11), isAlert: true },
  { what: "an alert of version 1.2", bytes: record(0x15, 3, 26), isAlert: true },
  { what: "an alert in the clear", bytes: record(0x15, 1, 2), isAlert: true },
  {
    what: "data, then an alert",
    bytes: Buffer.concat([record(0x17, 3, 300), record(0x17, 3, 19)]),
    isAlert: true,
  },
  {
    what: "an alert, then data",
    bytes: Buffer.concat([record(0x17, 3, 19), record(0x17, 3, 300)]),
    isAlert: false,
  },
  { what: "data that is too long for an alert", bytes: record(0x17, 3, 22), isAlert: false },
  { what: "a handshake", bytes: record(0x16, 3, 19), isAlert: false },
  { what: "an alert that lacks its last byte", bytes: record(0x17, 3, 19).subarray(0, -1), isAlert: false },
  { what: "text", bytes: Buffer.from("nothing of the kind, however long it is"), isAlert: false },
  { what: "nothing", bytes: Buffer.alloc(0), isAlert: false },
];

for (const { what, bytes, isAlert } of cases)
  test(`${what} is ${isAlert ? "" : "not "}the end of a TLS conversation`, () => {
    // What lies behind in the lent buffer does not count.
    const lent = Buffer.concat([bytes, record(0x17, 3, 19)]);
    assert.equal(endsWithTlsAlert(lent, bytes.length), isAlert);
  });
