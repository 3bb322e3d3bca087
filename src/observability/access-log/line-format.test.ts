import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { templateOf } from "../../core/template.ts";
import { decodedOctets } from "./escape.ts";
import { type LineFormat, lineFormatOf } from "./line-format.ts";
import { sampleRecord, type SampleChanges } from "../../../test/support/access-records.ts";

/** The text that a line's octets spell. */
function textFormatOf(name: string): LineFormat {
  const format = lineFormatOf(name);
  return (record) => {
    const line = format(record);
    assert.doesNotMatch(line, /[^\x00-\xff]/);
    return Buffer.from(line, "latin1").toString("utf8");
  };
}

const eventful: SampleChanges = {
  isSecure: true,
  status: 502,
  cause: "reset-before-head",
  detail: "ECONNRESET",
  failedAttempts: [
    { endpoint: "b1", cause: "connect-refused", detail: "ECONNREFUSED", durationMs: 0.31 },
    { endpoint: "b2", cause: "reset-before-head", detail: "", durationMs: 12 },
  ],
  queueMs: 3,
  connectMs: 0.5,
  firstByteMs: null,
  requestId: "r-1",
  headers: { "user-agent": "curl/8", referer: "https://a/" },
  facts: { "tls.version": "TLSv1.3", "tls.alpn": "h2", "client.user": "ann" },
};

const lines: readonly (readonly [string, SampleChanges, string])[] = [
  [
    "json",
    {},
    '{"time":"2026-11-21T03:09:00.123Z","client":"192.0.2.7","listener":"main","route":"all","pool":"app","endpoint":"b1","status":200,"protocol":"HTTP/1.1","method":"GET","host":"example.com","target":"/","bytesIn":0,"bytesOut":1234,"durationMs":4.500,"firstByteMs":4.250}',
  ],
  [
    "json",
    eventful,
    '{"time":"2026-11-21T03:09:00.123Z","client":"192.0.2.7","listener":"main","route":"all","pool":"app","endpoint":"b1","status":502,"protocol":"HTTP/1.1","method":"GET","host":"example.com","target":"/","bytesIn":0,"bytesOut":1234,"durationMs":4.500,"queueMs":3.000,"connectMs":0.500,"cause":"reset-before-head","detail":"ECONNRESET","failedAttempts":[{"endpoint":"b1","cause":"connect-refused","detail":"ECONNREFUSED","durationMs":0.310},{"endpoint":"b2","cause":"reset-before-head","durationMs":12.000}],"userAgent":"curl/8","referer":"https://a/","requestId":"r-1","tls":{"version":"TLSv1.3","alpn":"h2"}}',
  ],
  [
    "logfmt",
    eventful,
    'time=2026-11-21T03:09:00.123Z client=192.0.2.7 listener=main route=all pool=app endpoint=b1 status=502 protocol=HTTP/1.1 method=GET host=example.com target=/ bytesIn=0 bytesOut=1234 durationMs=4.500 queueMs=3.000 connectMs=0.500 cause=reset-before-head detail=ECONNRESET failedAttempts="b1 connect-refused 0.310ms ECONNREFUSED; b2 reset-before-head 12.000ms" userAgent=curl/8 referer=https://a/ requestId=r-1 tlsVersion=TLSv1.3 tlsAlpn=h2',
  ],
  ["common", {}, '192.0.2.7 - - [21/Nov/2026:03:09:00 +0000] "GET / HTTP/1.1" 200 1234'],
  ["combined", {}, '192.0.2.7 - - [21/Nov/2026:03:09:00 +0000] "GET / HTTP/1.1" 200 1234 "-" "-"'],
  [
    "combined",
    { ...eventful, durationMs: 1000 },
    '192.0.2.7 - ann [21/Nov/2026:03:09:01 +0000] "GET / HTTP/1.1" 502 1234 "https://a/" "curl/8"',
  ],
  [
    "${request.method} ${request.path} ${response.status} ${response.cause:-ok} ${pool.name}/${endpoint.name} ${time.duration_ms}",
    { target: "/a?b=c" },
    "GET /a 200 ok app/b1 4.5",
  ],
  ['"${request.query.q}" ${tls.alpn:-none}', { target: '/?q="\n' }, String.raw`"\x22\x0A" none`],
  [
    '{"ua":"${request.header.user-agent|json}"}',
    { headers: { "user-agent": 'a"\u0085' } },
    String.raw`{"ua":"a\"\u0085"}`,
  ],
  [
    "${request.host} ${request.scheme} ${listener.name} ${capture.id} ${response.header.server}",
    { host: "A.example:80", captures: { id: "7" }, responseHeaders: { server: "s" } },
    "a.example http main 7 s",
  ],
  ["over\n  two lines", {}, "over two lines"],
];

for (const [format, changes, expected] of lines) {
  test(`${JSON.stringify(format)} writes ${expected.slice(0, 60)}`, () => {
    assert.equal(textFormatOf(format)(sampleRecord(changes)), `${expected}\n`);
  });
}

test("a template with a problem is refused", () => {
  assert.throws(() => lineFormatOf("${request.methd}"), SyntaxError);
});

/** Anything a client, an endpoint or a configuration could put into a record. */
const text = fc.oneof(
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    '"',
    "\\",
    "\n",
    "\r\n",
    '","status":200,"x":"',
    "=",
    '" 200 0 "-" "x',
    "\u2028",
    "\u001b]0;x\u0007",
  ),
);
const hostile = fc.record({
  method: text,
  target: text,
  host: text,
  clientAddress: text,
  routeName: text,
  poolName: text,
  endpointName: text,
  detail: text,
  userAgent: text,
  referer: text,
});

function recordOf(values: typeof hostile extends fc.Arbitrary<infer Values> ? Values : never) {
  const { userAgent, referer, endpointName, ...rest } = values;
  return sampleRecord({
    ...rest,
    endpoint: { name: endpointName },
    failedAttempts: [{ endpoint: endpointName, cause: "connect-failed", detail: rest.detail, durationMs: 1 }],
    headers: { "user-agent": userAgent, referer },
  });
}

function assertOneLine(line: string): void {
  assert.ok(line.endsWith("\n"));
  assert.doesNotMatch(line.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
}

test("every json line parses to exactly what was put in, whatever that was", () => {
  const format = textFormatOf("json");
  fc.assert(
    fc.property(hostile, (values) => {
      const line = format(recordOf(values));
      assertOneLine(line);
      const parsed = JSON.parse(line) as Record<string, unknown>;
      const expect = (key: string, value: string): void =>
        assert.equal(
          parsed[key],
          key === "client" || key === "target" || value !== "" ? decodedOctets(value) : undefined,
        );
      expect("method", values.method);
      expect("target", values.target);
      expect("host", values.host);
      expect("client", values.clientAddress);
      expect("route", values.routeName);
      expect("pool", values.poolName);
      expect("endpoint", values.endpointName);
      expect("detail", values.detail);
      expect("userAgent", values.userAgent);
      expect("referer", values.referer);
      assert.equal(parsed["status"], 200);
    }),
  );
});

test("every logfmt line reads back as its pairs, whatever the values", () => {
  const format = textFormatOf("logfmt");
  fc.assert(
    fc.property(hostile, (values) => {
      const line = format(recordOf(values));
      assertOneLine(line);
      const pairs = readLogfmt(line.slice(0, -1));
      assert.equal(pairs.get("target"), decodedOctets(values.target));
      assert.equal(pairs.get("userAgent") ?? "", decodedOctets(values.userAgent));
      assert.equal(pairs.get("route") ?? "", decodedOctets(values.routeName));
      assert.equal(pairs.get("status"), "200");
      assert.equal(pairs.get("durationMs"), "4.500");
    }),
  );
});

test("every combined line reads back as its fields, whatever the values", () => {
  const format = textFormatOf("combined");
  const shape = /^(\S+) - (\S+) \[([^\]]+)\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"$/;
  fc.assert(
    fc.property(hostile, (values) => {
      const line = format(recordOf(values));
      assertOneLine(line);
      const match = shape.exec(line.slice(0, -1));
      assert.ok(match !== null, line);
      assert.equal(unhex(match[4] ?? ""), octetsOf(`${values.method} ${values.target} HTTP/1.1`));
      assert.equal(unhex(match[8] ?? ""), octetsOf(values.userAgent || "-"));
      assert.equal(match[5], "200");
    }),
  );
});

test("a template's own text and its defaults are left alone, what a variable brings is not", () => {
  fc.assert(
    fc.property(hostile, (values) => {
      const line = textFormatOf('é "${request.header.user-agent:-ü}" "${request.target}"')(recordOf(values));
      assertOneLine(line.replaceAll(/[éü]/g, ""));
      assert.match(line, /^é "[^"]*" "[^"]*"\n$/);
      if (values.userAgent === "") assert.ok(line.startsWith('é "ü"'));
    }),
  );
  assert.equal(templateOf("é").constant, "é");
});

/** Unquoted words, or JSON's strings after an equals sign. */
function readLogfmt(line: string): Map<string, string> {
  const pairs = new Map<string, string>();
  const pair = /(\w+)=("(?:[^"\\]|\\.)*"|[^\s"=]+)(?: |$)/gy;
  for (let match = pair.exec(line); match !== null; match = pair.exec(line)) {
    const [, key = "", value = ""] = match;
    pairs.set(key, value.startsWith('"') ? (JSON.parse(value) as string) : value);
    if (pair.lastIndex === line.length) return pairs;
  }
  return assert.fail(`not logfmt: ${line}`);
}

function unhex(escaped: string): string {
  return escaped.replaceAll(/\\x([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Characters up to 255 as they are, wider ones as UTF-8. */
function octetsOf(value: string): string {
  return value.replaceAll(/[^\x00-\xff]/gu, (wide) => Buffer.from(wide, "utf8").toString("latin1"));
}
