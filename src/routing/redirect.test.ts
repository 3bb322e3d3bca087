/** Locations of redirects: what templates give, and what clients cannot make of them. */
import assert from "node:assert/strict";
import test from "node:test";
import { templateScope, type ScopeParts } from "../../test/support/template-scope.ts";
import { compileRedirect, locationOf } from "./redirect.ts";

function location(to: string, line: string, parts?: ScopeParts): string {
  const sink = { report: (field: string, problem: string) => assert.fail(`${field}: ${problem}`) };
  return locationOf(
    compileRedirect({ to, status: 302 }, "redirect", { sink, captures: null }),
    templateScope(line, parts),
  );
}

const cases: readonly (readonly [to: string, line: string, result: string, parts?: ScopeParts])[] = [
  ["https://${request.host}${request.target}", "GET http://a.com/x?y", "https://a.com/x?y"],
  ["${request.scheme}://new.example${request.path}", "GET http://a.com/x", "http://new.example/x"],
  ["/login?next=${request.target|url}", "GET http://a.com/x?y", "/login?next=%2Fx%3Fy"],
  ["${request.path}/", "GET http://a.com/x", "/x/"],
  ["${request.path}/", "GET http://a.com//evil.example", "/evil.example/"],
  ["${request.path}", "GET http://a.com/\\evil.example", "/evil.example"],
  ["${request.path}", "GET http://a.com/x", "/x"],
  ["${request.query.next}", "GET http://a.com/?next=https://evil.example", "./https://evil.example"],
  ["${request.query.next}", "GET http://a.com/?next=//evil.example", "/evil.example"],
  ["/${capture.rest}", "GET http://a.com/", "/evil.example", { captures: { rest: "/evil.example" } }],
  [
    "/${request.header.x}",
    "GET http://a.com/",
    "/a%20%20Set-Cookie:%20b",
    { headers: { x: "a\r\nSet-Cookie: b" } },
  ],
  ["//cdn.example${request.path}", "GET http://a.com/x", "//cdn.example/x"],
  ["/caf\u00e9", "GET http://a.com/", "/caf%C3%A9"],
  ["/a#b", "GET http://a.com/", "/a#b"],
];

for (const [to, line, result, parts] of cases) {
  test(`${to} for ${line} is ${result}`, () => assert.equal(location(to, line, parts), result));
}

test("other statuses and later variables are refused", () => {
  const fields: string[] = [];
  const sink = { report: (field: string) => void fields.push(field) };
  compileRedirect({ to: "/${response.status}", status: 200 }, "redirect", { sink, captures: null });
  assert.deepEqual(fields.toSorted(), ["redirect.status", "redirect.to"]);
});
