/** What matches, what wins, what is captured, and what is refused at build time. */
import assert from "node:assert/strict";
import test from "node:test";
import { requestFacts, type FactParts } from "../../test/support/request-facts.ts";
import { buildRouteTable, checkRoutes, RouteTableError, type RouteTableOptions } from "./route-table.ts";
import { captureNamesOf } from "./route-entry.ts";
import type { MatchSpec, RouteSpec } from "./route-spec.ts";

type Matches = Readonly<Record<string, MatchSpec>>;

function specsOf(matches: Matches): readonly RouteSpec<string>[] {
  return Object.entries(matches).map(([name, match]) => ({ name, match, payload: `to ${name}` }));
}

function routeOf(
  matches: Matches,
  line: string,
  parts?: FactParts,
  options?: RouteTableOptions,
): string | null {
  const found = buildRouteTable(specsOf(matches), options).match(requestFacts(line, parts));
  return found === null || found === "unclear-path" ? found : found.route.name;
}

/** Each row: the spec of one path, what it matches, what it does not. */
const paths: readonly (readonly [
  spec: MatchSpec["path"] & {},
  inside: readonly string[],
  outside: readonly string[],
])[] = [
  ["/a", ["/a", "/%61"], ["/a/", "/A", "/ab", "/", "/a/b", "*"]],
  ["/a/", ["/a/"], ["/a", "/a/b"]],
  ["/", ["/"], ["/a", "*"]],
  ["/api/*", ["/api", "/api/", "/api/v1", "/api/v1/x", "/%61pi/x", "//api///x"], ["/apix", "/ap", "/x/api"]],
  ["/*", ["/", "/a", "/a/b"], ["*"]],
  ["/img*", ["/img", "/img.png", "/img/a", "/img-1/b"], ["/im", "/x/img"]],
  ["/a/img*", ["/a/img7"], ["/a", "/a/", "/img"]],
  ["/users/:id", ["/users/7", "/users/a%20b"], ["/users", "/users/", "/users/7/", "/users/7/x"]],
  ["/users/:id/*rest", ["/users/7", "/users/7/", "/users/7/a/b"], ["/users", "/users/", "/users//"]],
  ["/:a/:b", ["/x/y"], ["/x", "/x/", "/x/y/z"]],
  ["/a/:b/", ["/a/x/"], ["/a/x"]],
  [{ exact: "/a/:b*" }, ["/a/:b*"], ["/a/x", "/a/:b"]],
  [{ prefix: "/api" }, ["/api", "/api/", "/api/x"], ["/apix"]],
  [{ prefix: "/api/" }, ["/api", "/api/", "/api/x"], ["/apix"]],
  [{ prefix: "/" }, ["/", "/x"], ["*"]],
  [{ startsWith: "/api/" }, ["/api/", "/api/x/y"], ["/api", "/apix"]],
  [{ startsWith: "/ap" }, ["/ap", "/api/x", "/apx"], ["/a"]],
  [{ startsWith: "/" }, ["/", "/x/y"], ["*"]],
  [{ regex: "\\.php$" }, ["/a.php", "/x/y.php"], ["/a.PHP", "/a.php/x"]],
  [{ regex: "\\.php$", flags: "i" }, ["/a.PHP"], ["/a"]],
  [
    ["/a", "/b/*"],
    ["/a", "/b", "/b/c"],
    ["/c", "/a/b"],
  ],
  ["/café", ["/caf%c3%a9", "/caf\u00c3\u00a9"], ["/cafe"]],
  ["/a%2fb", ["/a%2Fb"], ["/a/b"]],
  ["*", ["*"], ["/"]],
];

for (const [spec, inside, outside] of paths) {
  test(`the path ${JSON.stringify(spec)} holds exactly its own`, () => {
    const table = buildRouteTable([{ name: "it", match: { path: spec }, payload: 0 }], {
      unclearPaths: "first",
    });
    for (const path of inside) assert.ok(table.match(requestFacts(`GET http://h${path}`)), path);
    for (const path of outside) assert.equal(table.match(requestFacts(`GET http://h${path}`)), null, path);
  });
}

const hosts: readonly (readonly [
  spec: MatchSpec["host"] & {},
  inside: readonly string[],
  outside: readonly string[],
])[] = [
  ["example.com", ["example.com", "example.com."], ["www.example.com", "example.org", ""]],
  ["EXAMPLE.com", ["example.com"], []],
  [
    "*.example.com",
    ["a.example.com", "a.b.example.com", "a.example.com."],
    ["example.com", ".example.com", "xexample.com"],
  ],
  ["*", ["anything", ""], []],
  [{ regex: "^(a|b)\\.com$" }, ["a.com", "b.com."], ["c.com", "xa.com"]],
  ["[::1]", ["[::1]"], ["[::2]"]],
  [
    ["a.com", "*.b.com"],
    ["a.com", "x.b.com"],
    ["b.com", "x.a.com"],
  ],
];

for (const [spec, inside, outside] of hosts) {
  test(`the host ${JSON.stringify(spec)} holds exactly its own`, () => {
    const table = buildRouteTable([{ name: "it", match: { host: spec, method: "GET" }, payload: 0 }]);
    for (const host of inside) assert.ok(table.match(requestFacts(`GET http://${host}/`)), host);
    for (const host of outside) assert.equal(table.match(requestFacts(`GET http://${host}/`)), null, host);
  });
}

/** Each row: a match, a request it takes, requests it does not. */
const conditions: readonly (readonly [
  MatchSpec,
  yes: [string, FactParts?],
  ...no: readonly [string, FactParts?][],
])[] = [
  [{ method: "GET" }, ["GET /"], ["HEAD /"], ["get /"]],
  [{ method: ["GET", "HEAD"] }, ["HEAD /"], ["POST /"]],
  [
    { header: { "X-A": "1" } },
    ["GET /", { headers: { "x-a": "1" } }],
    ["GET /"],
    ["GET /", { headers: { "x-a": "12" } }],
  ],
  [
    { header: { a: { prefix: "x" } } },
    ["GET /", { headers: { a: "xy" } }],
    ["GET /", { headers: { a: "yx" } }],
  ],
  [
    { header: { a: { suffix: "x" } } },
    ["GET /", { headers: { a: "yx" } }],
    ["GET /", { headers: { a: "xy" } }],
  ],
  [
    { header: { a: { contains: "x" } } },
    ["GET /", { headers: { a: "yxy" } }],
    ["GET /", { headers: { a: "y" } }],
  ],
  [
    { header: { a: { regex: "^x+$" } } },
    ["GET /", { headers: { a: "xx" } }],
    ["GET /", { headers: { a: "xy" } }],
  ],
  [{ header: { a: { isPresent: true } } }, ["GET /", { headers: { a: "" } }], ["GET /"]],
  [{ header: { a: { isPresent: false } } }, ["GET /"], ["GET /", { headers: { a: "1" } }]],
  [{ query: { v: "a b" } }, ["GET /?x=1&v=a+b"], ["GET /?v=a"], ["GET /"], ["GET /?vv=a+b"]],
  [{ query: { v: "2" } }, ["GET /?v=1&v=2"], ["GET /?v=1"]],
  [{ query: { v: { isPresent: true } } }, ["GET /?v"], ["GET /?w=v"]],
  [{ query: { v: { isPresent: false } } }, ["GET /?w"], ["GET /?v"]],
  [
    { cookie: { c: "1" } },
    ["GET /", { headers: { cookie: "a=2; c=1" } }],
    ["GET /"],
    ["GET /", { headers: { cookie: "cc=1" } }],
  ],
  [
    { client: ["10.0.0.0/8", "::1"] },
    ["GET /", { clientAddress: "10.1.1.1" }],
    ["GET /", { clientAddress: "11.1.1.1" }],
  ],
  [{ listener: "admin" }, ["GET /", { listener: "admin" }], ["GET /"]],
  [{ isSecure: true }, ["GET https://h/"], ["GET http://h/"]],
  [{ not: { method: "GET" } }, ["POST /"], ["GET /"]],
  [{ not: { method: "GET", path: "/a/*" } }, ["GET /b"], ["GET /a/x"]],
  [
    { any: [{ method: "PUT" }, { path: "/a", host: "localhost" }] },
    ["GET /a"],
    ["GET /b"],
    ["GET http://other/a"],
  ],
  [
    { all: [{ method: "GET" }, { not: { any: [{ path: "/a" }, { path: "/b" }] } }] },
    ["GET /c"],
    ["GET /a"],
    ["GET /b"],
    ["POST /c"],
  ],
];

for (const [match, yes, ...no] of conditions) {
  test(`the match ${JSON.stringify(match)} takes ${yes[0]}`, () => {
    assert.equal(routeOf({ it: match }, ...yes), "it");
    for (const request of no) assert.equal(routeOf({ it: match }, ...request), null, request[0]);
  });
}

test("negating no conditions matches nothing", () =>
  assert.equal(routeOf({ it: { not: {} } }, "GET /"), null));

/** Each row: what decides, the routes with the winner second, the request. */
const contests: readonly (readonly [
  reason: string,
  first: RouteParts,
  winner: RouteParts,
  request: string,
])[] = [
  ["an exact host beats a wildcard", { host: "*.b.c", path: "/x" }, { host: "a.b.c" }, "GET http://a.b.c/x"],
  ["a longer wildcard beats a shorter", { host: "*.c", path: "/x" }, { host: "*.b.c" }, "GET http://a.b.c/x"],
  [
    "a wildcard beats a regular expression",
    { host: { regex: "a" }, path: "/x" },
    { host: "*.b.c" },
    "GET http://a.b.c/x",
  ],
  ["a regular expression beats any host", { path: "/x" }, { host: { regex: "a" } }, "GET http://a.b.c/x"],
  ["host goes before priority", { priority: 9 }, { host: "a.b.c" }, "GET http://a.b.c/x"],
  ["priority goes before path", { path: "/x" }, { priority: 1 }, "GET http://h/x"],
  ["an exact path beats a pattern", { path: "/:a" }, { path: "/x" }, "GET http://h/x"],
  ["an exact path beats a prefix", { path: "/x/*" }, { path: "/x" }, "GET http://h/x"],
  ["a pattern beats a regular expression", { path: { regex: "^/x$" } }, { path: "/*" }, "GET http://h/x"],
  ["a regular expression beats any path", { method: "GET" }, { path: { regex: "x" } }, "GET http://h/x"],
  ["a longer prefix beats a shorter", { path: "/x/*" }, { path: "/x/y/*" }, "GET http://h/x/y/z"],
  ["a segment beats the start of one", { path: "/x*" }, { path: "/xy/*" }, "GET http://h/xy/z"],
  ["a longer start beats a shorter", { path: "/x*" }, { path: "/xy*" }, "GET http://h/xyz"],
  ["the start of a segment beats a parameter", { path: "/:a" }, { path: "/x*" }, "GET http://h/xy"],
  ["a parameter beats a rest", { path: "/*" }, { path: "/:a" }, "GET http://h/x"],
  ["the leftmost difference decides", { path: "/:a/y" }, { path: "/x/*" }, "GET http://h/x/y"],
  ["the end beats an empty rest", { path: "/:a/*" }, { path: "/:a" }, "GET http://h/x"],
  ["more conditions beat fewer", { path: "/x" }, { path: "/x", method: "GET" }, "GET http://h/x"],
  [
    "conditions count within all",
    { method: "GET" },
    { all: [{ method: "GET" }, { isSecure: false }] },
    "GET http://h/x",
  ],
];

type RouteParts = MatchSpec & { readonly priority?: number };

for (const [reason, first, winner, request] of contests) {
  test(reason, () => {
    const specs = [first, winner].map(({ priority, ...match }, index): RouteSpec<number> => {
      const base = { name: index === 0 ? "loser" : "winner", match, payload: index };
      return priority === undefined ? base : { ...base, priority };
    });
    for (const order of [specs, specs.toReversed()]) {
      const found = buildRouteTable(order).match(requestFacts(request));
      assert.ok(found !== null && found !== "unclear-path");
      assert.equal(found.route.name, "winner");
    }
  });
}

test("regular expressions are tried as listed, whatever their conditions", () => {
  const matches: Matches = { one: { path: { regex: "a" } }, two: { path: { regex: "b" }, method: "GET" } };
  assert.equal(routeOf(matches, "GET /ab"), "one");
  assert.equal(routeOf(matches, "GET /b"), "two");
});

test("a route whose conditions fail gives way to the next in order", () => {
  const matches: Matches = {
    post: { host: "h", path: "/x", method: "POST" },
    prefix: { host: "h", path: "/x/*", method: "PUT" },
    wild: { path: "/:a", method: "DELETE" },
    any: {},
  };
  for (const [method, name] of [
    ["POST", "post"],
    ["PUT", "prefix"],
    ["DELETE", "wild"],
    ["GET", "any"],
  ]) {
    assert.equal(routeOf(matches, `${method} http://h/x`), name);
  }
});

const captures: readonly (readonly [
  match: MatchSpec,
  request: string,
  captures: Readonly<Record<string, string>> | null,
])[] = [
  [{ path: "/users/:id" }, "GET http://h/users/7", { id: "7" }],
  [{ path: "/users/:id/*more" }, "GET http://h/users/7/a/b", { id: "7", more: "a/b" }],
  [{ path: "/users/:id/*" }, "GET http://h/users/7", { id: "7", rest: "" }],
  [{ path: "/u/:id" }, "GET http://h/u/%61%0d%0A%2f", { id: "a%0D%0A%2F" }],
  [
    { path: { regex: "^/(\\w+)/(?<id>\\d+)" } },
    "GET http://h/a/7",
    { "0": "/a/7", "1": "a", "2": "7", id: "7" },
  ],
  [
    { host: { regex: "^(?<tenant>\\w+)\\." }, path: "/:id" },
    "GET http://acme.com/7",
    { "0": "acme.", "1": "acme", tenant: "acme", id: "7" },
  ],
  [{ path: "/a" }, "GET http://h/a", null],
];

for (const [match, request, expected] of captures) {
  test(`${JSON.stringify(match)} captures ${JSON.stringify(expected)} from ${request}`, () => {
    const found = buildRouteTable(specsOf({ it: match }), { unclearPaths: "first" }).match(
      requestFacts(request),
    );
    assert.ok(found !== null && found !== "unclear-path");
    assert.deepEqual(found.captures === null ? null : Object.fromEntries(found.captures), expected);
    if (expected !== null)
      assert.deepEqual([...captureNamesOf(match)].toSorted(), Object.keys(expected).toSorted());
  });
}

test("captures that nobody needs are not made", () => {
  const table = buildRouteTable([{ name: "it", match: { path: "/:id" }, needsCaptures: false, payload: 0 }]);
  const first = table.match(requestFacts("GET /7"));
  assert.ok(first !== null && first !== "unclear-path");
  assert.equal(first.captures, null);
  assert.equal(table.match(requestFacts("GET /8")), first, "the same object each time");
});

const unclear: readonly (readonly [target: string, route: string])[] = [
  ["/admin/x", "admin"],
  ["/%61dmin/x", "admin"],
  ["//admin/x", "admin"],
  ["/admin%2Fx", "unclear-path"],
  ["/public/../admin/x", "unclear-path"],
  ["/admin/../public/x", "unclear-path"],
  ["/public/%2e%2e/admin", "unclear-path"],
  ["/public%2f..%2fadmin", "unclear-path"],
  ["/public/..;/admin", "unclear-path"],
  ["/public\\..\\admin", "unclear-path"],
  ["/public/a/../b", "public"],
  ["/public/a%2Fb", "public"],
  ["/other%2Fx", "rest"],
  ["/other%00", "unclear-path"],
];

for (const [target, route] of unclear) {
  test(`${target} goes to ${route}`, () => {
    assert.equal(
      routeOf(
        { admin: { path: "/admin/*" }, public: { path: "/public/*" }, rest: {} },
        `GET http://h${target}`,
      ),
      route,
    );
  });
}

test("a table that compares no paths reads none", () => {
  assert.equal(routeOf({ h: { host: "h" }, rest: {} }, "GET http://h/a%00/../b"), "h");
});

test("with `first`, the first reading decides", () => {
  const matches: Matches = { admin: { path: "/admin/*" }, rest: {} };
  assert.equal(routeOf(matches, "GET http://h/x/../admin", {}, { unclearPaths: "first" }), "admin");
  assert.equal(routeOf(matches, "GET http://h/admin%2Fx", {}, { unclearPaths: "first" }), "rest");
});

test("an empty table matches nothing, and a lone default everything with one object", () => {
  assert.equal(buildRouteTable([]).match(requestFacts("GET /")), null);
  const table = buildRouteTable([{ name: "all", payload: 1 }]);
  assert.equal(table.match(requestFacts("GET /a%00")), table.match(requestFacts("GET /b")));
});

const faults: readonly (readonly [match: MatchSpec, field: string, problem: RegExp, fix: string | null])[] = [
  [{ path: "api" }, "match.path[0]", /begin with a slash/, "/api"],
  [{ path: "/a?b=1" }, "match.path[0]", /path alone/, "/a"],
  [{ path: "/a//b" }, "match.path[0]", /empty segment/, "/a/b"],
  [{ path: "/a/%2e%2e/b" }, "match.path[0]", /dot segment/, null],
  [{ path: "/a/*/b" }, "match.path[0]", /segment "\*"/, null],
  [{ path: "/a/*.jpg" }, "match.path[0]", /regular expression/, null],
  [{ path: "/a/:" }, "match.path[0]", /segment ":"/, null],
  [{ path: "/:a/:a" }, "match.path[0]", /twice/, null],
  [{ path: ["/a", { regex: "(" }] }, "match.path[1]", /regular expression/i, null],
  [{ host: "a.com:80" }, "match.host[0]", /has a port/, "a.com"],
  [{ host: "*.a.com:80" }, "match.host[0]", /has a port/, "*.a.com"],
  [{ host: "bücher.de" }, "match.host[0]", /ASCII/, "xn--bcher-kva.de"],
  [{ host: "a.*.com" }, "match.host[0]", /wildcard/, null],
  [{ host: "a b" }, "match.host[0]", /not a host name/, null],
  [{ host: [] }, "match.host", /empty list/, null],
  [{ client: ["10.0.0.0/8", "x"] }, "match.client[1]", /not an IP address/, null],
  [{ any: [] }, "match.any", /no conditions/, null],
  [{ any: [{ header: { a: { regex: "[" } } }] }, "match.any[0].header.a", /regular expression/i, null],
];

for (const [match, field, pattern, fix] of faults) {
  test(`${JSON.stringify(match)} is refused at ${field}`, () => {
    const [problem, ...others] = checkRoutes([{ name: "it", match, payload: 0 }]);
    assert.deepEqual([problem?.route, problem?.field, problem?.fix, others], ["it", field, fix, []]);
    assert.match(problem?.problem ?? "", pattern);
  });
}

test("all problems of all routes are told at once", () => {
  const specs: readonly RouteSpec<number>[] = [
    { name: "a", match: { path: "x", host: "y:1" }, payload: 0 },
    { name: "a", match: { not: { client: "z" } }, priority: Number.NaN, payload: 0 },
  ];
  assert.equal(checkRoutes(specs).length, 5);
  assert.throws(
    () => buildRouteTable(specs),
    (error: unknown) => error instanceof RouteTableError && error.problems.length === 5,
  );
});
