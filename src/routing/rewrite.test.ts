/** Rewritten targets, and the paths that must not be rewritten. */
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { templateScope, type ScopeParts } from "../../test/support/template-scope.ts";
import { compileRewrite, rewriteTarget, type RewriteSpec } from "./rewrite.ts";
import type { RouteProblem } from "./route-spec.ts";

function compiled(spec: RewriteSpec, captures: readonly string[] | null = null) {
  const problems: Omit<RouteProblem, "route">[] = [];
  const sink = {
    report: (field: string, problem: string, fix: string | null = null) =>
      void problems.push({ field, problem, fix }),
  };
  return { rewrite: compileRewrite(spec, "rewrite", { sink, captures }), problems };
}

function rewritten(spec: RewriteSpec, target: string, parts?: ScopeParts): string | null {
  const { rewrite, problems } = compiled(spec);
  assert.deepEqual(problems, []);
  return rewriteTarget(rewrite, templateScope(`GET http://h${target}`, parts));
}

const cases: readonly (readonly [
  spec: RewriteSpec,
  target: string,
  result: string | null,
  parts?: ScopeParts,
])[] = [
  [{}, "/a/../b?x", "/a/../b?x"],
  [{ stripPrefix: "/api" }, "/api/x?y=1", "/x?y=1"],
  [{ stripPrefix: "/api/" }, "/api/x", "/x"],
  [{ stripPrefix: "/api" }, "/api", "/"],
  [{ stripPrefix: "/api" }, "/api?x", "/?x"],
  [{ stripPrefix: "/api" }, "/apix", "/apix"],
  [{ stripPrefix: "/api" }, "/%61pi/x", "/x"],
  [{ stripPrefix: "/api" }, "/api/get/http://x.org//y", "/get/http://x.org//y"],
  [{ stripPrefix: "/api" }, "/api//evil.example/x", "/evil.example/x"],
  [{ stripPrefix: "/api" }, "//api/x", "/x"],
  [{ stripPrefix: "/api" }, "/x/../api/y", "/y"],
  [{ stripPrefix: "/api" }, "/api/%e9%20x", "/%e9%20x"],
  [{ stripPrefix: "/api" }, "/api/group%2Fname", "/group%2Fname"],
  [{ stripPrefix: "/api" }, "/api/..%2Fsecret", null],
  [{ addPrefix: "/tenant" }, "/x?y", "/tenant/x?y"],
  [{ addPrefix: "/tenant" }, "/", "/tenant/"],
  [{ addPrefix: "/tenant" }, "/../other", "/tenant/other"],
  [{ addPrefix: "/tenant" }, "/..%2f..%2fother", null],
  [{ addPrefix: "/tenant" }, "/..\\other", null],
  [{ addPrefix: "/tenant" }, "/x/..;/..;/other", null],
  [{ addPrefix: "/tenant" }, "/x%00", null],
  [{ addPrefix: "/tenant" }, "*", "*"],
  [{ stripPrefix: "/v1", addPrefix: "/v2" }, "/v1/x", "/v2/x"],
  [{ path: "/new/${capture.id}" }, "/old/7?q", "/new/7?q", { captures: { id: "7" } }],
  [{ path: "/new?id=${capture.id}" }, "/old/7?q", "/new?id=7", { captures: { id: "7" } }],
  [{ path: "/new?" }, "/old?q", "/new"],
  [{ path: "/${request.header.x}" }, "/", "/a%20%20b%23%22", { headers: { x: 'a\r\nb#"' } }],
  [{ path: "relative" }, "/", "/relative"],
  [{ path: "//${request.host}" }, "/", "/h"],
  [{ regex: [{ match: "^/(\\w+)/(\\w+)$", replace: "/$2/$1" }] }, "/a/b?q", "/b/a?q"],
  [{ regex: [{ match: "/(?<id>\\d+)", replace: "/<${capture.id}>" }] }, "/x/12/y/3", "/x/%3C12%3E/y/3"],
  [
    {
      regex: [
        { match: "a", replace: "b" },
        { match: "b", replace: "c" },
      ],
    },
    "/a",
    "/c",
  ],
  [{ regex: [{ match: "^/api", replace: "" }] }, "/%61pi/x", "/x"],
  [{ regex: [{ match: "^/nothing", replace: "/" }] }, "/x", "/x"],
  [
    { regex: [{ match: "x(y)?", replace: "${capture.1:-none}${capture.route}" }] },
    "/x",
    "/noneR",
    { captures: { route: "R" } },
  ],
  [{ query: { a: "1" } }, "/x", "/x?a=1"],
  [{ query: { a: "1" } }, "/x?b=2&a=0&c&%61=9", "/x?b=2&c&a=1"],
  [{ query: { a: null } }, "/x?a=1", "/x"],
  [{ query: { a: null } }, "/x?b=%20&a", "/x?b=%20"],
  [
    { query: { "a b": "${request.header.x}" } },
    "/x",
    "/x?a%20b=1%262%3D3%20%254%41",
    { headers: { x: "1&2=3 %4%41" } },
  ],
];

for (const [spec, target, result, parts] of cases) {
  test(`${JSON.stringify(spec)} makes ${result} of ${target}`, () =>
    assert.equal(rewritten(spec, target, parts), result));
}

test("a rewrite of host or method alone leaves the target", () => {
  const { rewrite } = compiled({ host: "inner.example", method: "POST" });
  assert.equal(rewrite.changesTarget, false);
  assert.equal(rewrite.method, "POST");
  assert.equal(rewrite.host?.constant, "inner.example");
});

const faults: readonly (readonly [spec: RewriteSpec, field: string])[] = [
  [{ stripPrefix: "api" }, "rewrite.stripPrefix"],
  [{ addPrefix: "/a?b" }, "rewrite.addPrefix"],
  [{ path: "/${capture.nope}" }, "rewrite.path"],
  [{ regex: [{ match: "(", replace: "" }] }, "rewrite.regex[0].match"],
  [{ regex: [{ match: "(x)", replace: "$2" }] }, "rewrite.regex[0].replace"],
  [{ query: { a: "${endpoint.name}" } }, "rewrite.query.a"],
  [{ method: "GE T" }, "rewrite.method"],
];

for (const [spec, field] of faults) {
  test(`${JSON.stringify(spec)} is refused at ${field}`, () => {
    assert.deepEqual(
      compiled(spec, ["id"]).problems.map((problem) => problem.field),
      [field],
    );
  });
}

test("nothing leaves the added prefix or the grammar of a target, whatever the path", () => {
  const piece = fc.constantFrom(
    "/",
    "a",
    ".",
    "..",
    "%2e",
    "%2F",
    "%5c",
    "\\",
    "..;x",
    "%0d",
    "%",
    "{",
    "\u00e9",
  );
  const { rewrite } = compiled({ stripPrefix: "/a", addPrefix: "/in" });
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 9 }).map((pieces) => `/${pieces.join("")}`),
      (path) => {
        const target = rewriteTarget(rewrite, templateScope(`GET http://h${path}`));
        if (target === null) return;
        assert.match(target, /^\/in\/[\x21-\x7e]*$/);
        const resolved = new URL(
          decodeURI(target.replaceAll(/%(?!5c|2e|2f)/gi, "%25")).replaceAll(/%5c|%2f/gi, "/"),
          "http://h/",
        ).pathname;
        assert.ok(
          resolved.startsWith("/in/") || resolved === "/in",
          `${path} became ${target}, read as ${resolved}`,
        );
      },
    ),
    { seed: 31, numRuns: 5000 },
  );
});
