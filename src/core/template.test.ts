/** Templates: syntax, every variable, located problems, and safety in headers. */
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { compileTemplate, evaluate, evaluateForHeader, evaluatorOf, templateOf } from "./template.ts";
import type { ExchangeFact, TemplateScope, TemplateStage } from "./template-scope.ts";
import { templateVariables } from "./template-variables.ts";

interface ScopeParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly captures?: Readonly<Record<string, string>>;
  readonly facts?: Partial<Record<ExchangeFact, string | number>>;
  readonly query?: string;
  readonly isSecure?: boolean;
}

function scopeOf(parts: ScopeParts = {}): TemplateScope {
  const query = parts.query ?? "q=a%20b&page=2";
  return {
    method: "GET",
    target: query === "" ? "/shop/shoes" : `/shop/shoes?${query}`,
    path: "/shop/shoes",
    query,
    host: "www.example.com",
    clientAddress: "192.0.2.7",
    isSecure: parts.isSecure ?? true,
    listener: "public",
    header: (name) => parts.headers?.[name],
    capture: (name) => parts.captures?.[name],
    responseHeader: (name) => parts.responseHeaders?.[name],
    fact: (name) => parts.facts?.[name],
    wallMs: () => Date.UTC(2026, 10, 21, 3, 9, 5, 42),
  };
}

const full = scopeOf({
  headers: { "x-id": "7", cookie: "sid=abc; theme=dark", "x-forwarded-for": "198.51.100.1" },
  responseHeaders: { "content-type": "text/html" },
  captures: { id: "42", "1": "one" },
  facts: {
    "peer.address": "10.0.0.9",
    "response.status": 200,
    "time.duration_ms": 12.3456,
    "endpoint.name": "b1",
  },
});

const evaluations: readonly (readonly [source: string, text: string])[] = [
  ["", ""],
  ["plain $ text } here", "plain $ text } here"],
  ["$${not.a.variable}", "${not.a.variable}"],
  ["a$${b}${request.method}", "a${b}GET"],
  ["${request.method} ${request.target}", "GET /shop/shoes?q=a%20b&page=2"],
  ["${request.path}${request.search}", "/shop/shoes?q=a%20b&page=2"],
  ["${request.query_mark}${request.query}", "?q=a%20b&page=2"],
  ["${request.scheme}://${request.host}", "https://www.example.com"],
  ["${request.header.X-Id}", "7"],
  ["${request.header.missing}", ""],
  ["${request.header.missing:-none}", "none"],
  ["${request.header.missing:--}", "-"],
  ["${request.header.missing:-}", ""],
  ["${request.header.x-id:-none}", "7"],
  ["${request.header.missing:-${client.address}}", "192.0.2.7"],
  ["${request.header.missing:-<${request.header.also:-${request.method|lower}}>}!", "<get>!"],
  ["${request.query.page}", "2"],
  ["${request.query.q}", "a%20b"],
  ["${request.cookie.sid}", "abc"],
  ["${request.host|upper}", "WWW.EXAMPLE.COM"],
  ["${request.target|url}", "%2Fshop%2Fshoes%3Fq%3Da%2520b%26page%3D2"],
  ["${request.cookie.theme|upper|lower}", "dark"],
  ["${client.forwarded_for}", "198.51.100.1, 10.0.0.9"],
  ["${capture.id}/${capture.1}", "42/one"],
  ["${endpoint.name}", "b1"],
  ["${response.status} ${response.header.content-type}", "200 text/html"],
  ["${time.iso}", "2026-11-21T03:09:05.042Z"],
  ["${time.http}", "Sat, 21 Nov 2026 03:09:05 GMT"],
  ["${time.clf}", "21/Nov/2026:03:09:05 +0000"],
  ["${time.unix_ms}", "1795230545042"],
  ["${time.unix_s}", "1795230545.042"],
  ["${time.duration_s}", "0.012"],
  ["${tls.version:-plain}", "plain"],
];

for (const [source, text] of evaluations) {
  test(`${JSON.stringify(source)} evaluates to ${JSON.stringify(text)}`, () => {
    assert.equal(evaluate(templateOf(source), full), text);
    assert.equal(evaluatorOf(templateOf(source))(full), text);
  });
}

test("without a query there is no question mark, and plain HTTP is http", () => {
  const scope = scopeOf({ query: "", isSecure: false });
  assert.equal(
    evaluate(templateOf("${request.scheme}:${request.path}${request.search}${request.query_mark}"), scope),
    "http:/shop/shoes",
  );
});

test("X-Forwarded-For without an earlier value is the peer alone", () => {
  assert.equal(evaluate(templateOf("${client.forwarded_for}"), scopeOf()), "192.0.2.7");
});

test("a template without variables is constant and needs no scope", () => {
  assert.equal(templateOf("no-store").constant, "no-store");
  assert.equal(templateOf("a $${b}").constant, "a ${b}");
  assert.equal(templateOf("${request.method}").constant, null);
});

test("a template lists its variables, those in defaults too", () => {
  const { variables } = templateOf("${request.header.X-Id:-${capture.id}} ${time.iso}");
  assert.deepEqual([...variables].toSorted(), ["capture.id", "request.header.x-id", "time.iso"]);
});

const problems: readonly (readonly [source: string, offset: number, pattern: RegExp, fix: string | null])[] =
  [
    ["${request.methd}", 2, /no variable "request\.methd"/, "request.method"],
    ["x ${request.headers.x-id}", 4, /no variable/, "request.header.x-id"],
    ["${request.cookies.sid}", 2, /no variable/, "request.cookie.sid"],
    ["${captures.id}", 2, /no variable/, "capture.id"],
    ["${request.header.}", 2, /no variable/, null],
    ["${}", 2, /name of a variable is missing/, null],
    ["ab${request.method", 2, /not closed/, null],
    ["${request.method:-x", 0, /not closed/, null],
    ["${request.method|uper}", 17, /no filter "uper"/, "upper"],
    ["${request.method|constructor}", 17, /no filter "constructor"/, null],
    ["${quite.unlike.anything}", 2, /no variable/, null],
  ];

for (const [source, offset, pattern, fix] of problems) {
  test(`${source} is refused at character ${offset} with ${fix ?? "no"} suggestion`, () => {
    const result = compileTemplate(source);
    assert.ok(!result.isOk);
    const [first] = result.problems;
    assert.equal(first?.offset, offset);
    assert.match(first.problem, pattern);
    if (fix !== null) assert.equal(first.fix, fix);
    assert.throws(() => templateOf(source), SyntaxError);
  });
}

test("all problems of one template are reported", () => {
  const result = compileTemplate("${a.b} ${request.method|x} ${c.d:-${e.f}}");
  assert.ok(!result.isOk);
  assert.deepEqual(
    result.problems.map((problem) => problem.offset).toSorted((a, b) => a - b),
    [2, 24, 29, 36],
  );
});

test("a value that is known later than the template is evaluated is refused", () => {
  const order: readonly (readonly [TemplateStage, string])[] = [
    ["request", "request.method"],
    ["route", "capture.id"],
    ["endpoint", "endpoint.name"],
    ["response", "response.status"],
    ["end", "time.duration_ms"],
  ];
  for (const [index, [, variable]] of order.entries()) {
    for (const [at, [stage]] of order.entries()) {
      assert.equal(
        compileTemplate(`\${${variable}}`, { stage }).isOk,
        at >= index,
        `${variable} at ${stage}`,
      );
    }
  }
});

test("captures are checked against those the match has", () => {
  assert.ok(compileTemplate("${capture.id}", { captures: ["id"] }).isOk);
  const result = compileTemplate("${capture.ids}", { captures: ["id"] });
  assert.ok(!result.isOk);
  assert.equal(result.problems[0]?.fix, "capture.id");
});

test("every variable of the table compiles and evaluates without a value to an empty text or its own", () => {
  for (const { name } of templateVariables) {
    const source = `\${${name.endsWith(".") ? `${name}x` : name}}`;
    assert.equal(typeof evaluate(templateOf(source), scopeOf()), "string", name);
  }
});

test("what nginx's log and proxy variables express can be expressed", () => {
  const spoken = new Set(templateVariables.flatMap((variable) => variable.nginx.match(/\$\w+/g) ?? []));
  const needed =
    "$host $remote_addr $http_NAME $arg_NAME $cookie_NAME $upstream_addr $1 $request_uri $uri $args $scheme " +
    "$status $body_bytes_sent $bytes_sent $request_time $request_method $request_length $remote_user " +
    "$time_local $time_iso8601 $msec $server_port $server_addr $server_protocol $proxy_add_x_forwarded_for " +
    "$upstream_response_time $upstream_status $sent_http_NAME $ssl_protocol $ssl_cipher $connection $request_id";
  for (const name of needed.split(" ")) assert.ok(spoken.has(name), name);
});

const unsafe: readonly (readonly [value: string, header: string])[] = [
  ["a\r\nSet-Cookie: x=1", "a  Set-Cookie: x=1"],
  ["a\u0000b\u007fc", "a b c"],
  [" padded\t", "padded"],
  ["\u010d\u010a", "\u00c4\u008d\u00c4\u008a"],
  ["caf\u00e9", "caf\u00e9"],
  ["tab\tinside", "tab\tinside"],
  ["\ud83d\ude00", "\u00f0\u009f\u0098\u0080"],
];

for (const [value, header] of unsafe) {
  test(`${JSON.stringify(value)} is sent in a header as ${JSON.stringify(header)}`, () => {
    assert.equal(
      evaluateForHeader(templateOf("${capture.id}"), scopeOf({ captures: { id: value } })),
      header,
    );
  });
}

test("literal text goes to the wire as UTF-8, octets of the request as they came", () => {
  const scope = scopeOf({ headers: { "x-name": "\u00c3\u00a9" } });
  const template = templateOf("é ${request.header.missing:-ü} ${request.header.x-name}");
  assert.equal(evaluateForHeader(template, scope), "\u00c3\u00a9 \u00c3\u00bc \u00c3\u00a9");
  assert.equal(evaluateForHeader(templateOf("x\n\u010ay"), scope), "x \u00c4\u008ay");
});

test("no value can break out of a header or leave the octets", () => {
  const template = templateOf("a${capture.id}b${request.header.x:-\u010a}");
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.integer({ min: 0, max: 300 }).map((code) => String.fromCharCode(code)) }),
      (id, x) => {
        const text = evaluateForHeader(template, scopeOf({ captures: { id }, headers: { x } }));
        assert.match(text, /^[\t\x20-\x7e\x80-\xff]*$/);
      },
    ),
    { seed: 3 },
  );
});

test("any text without a dollar is itself, and compiling never throws", () => {
  const piece = fc.constantFrom("$", "{", "}", "$${", "${", "request.method", "|", "lower", ":-", "x");
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
      (source) => {
        const result = compileTemplate(source);
        if (!source.includes("$")) assert.ok(result.isOk && result.template.constant === source);
        if (!result.isOk)
          for (const { offset, length } of result.problems) assert.ok(offset + length <= source.length + 1);
      },
    ),
    { seed: 5, numRuns: 2000 },
  );
});

test("the json filter makes a value fit for the inside of a JSON string", () => {
  const value = 'a"b\\c\n\u0001';
  const text = evaluate(templateOf('{"id":"${capture.id|json}"}'), scopeOf({ captures: { id: value } }));
  assert.deepEqual(JSON.parse(text), { id: value });
});

test("the url filter keeps octets apart from wide characters", () => {
  const text = evaluate(templateOf("${capture.id|url}"), scopeOf({ captures: { id: "é€/~" } }));
  assert.equal(text, "%E9%E2%82%AC%2F~");
});
