/** Explanations of matches and the printed table. */
import assert from "node:assert/strict";
import test from "node:test";
import { requestFacts } from "../../test/support/request-facts.ts";
import { explainMatch, routeLines } from "./explain.ts";
import { buildRouteTable } from "./route-table.ts";

const table = buildRouteTable([
  { name: "login", match: { path: "/login", method: "POST" }, payload: 0 },
  {
    name: "user",
    match: { host: "www.example.com", path: "/users/:id", header: { "x-api": "2" } },
    payload: 0,
  },
  { name: "users", match: { path: "/users/*" }, payload: 0 },
  { name: "admin", match: { host: "admin.example.com", client: "10.0.0.0/8" }, payload: 0 },
  {
    name: "either",
    match: { any: [{ method: "PUT" }, { cookie: { beta: "1" } }], path: "/users/7" },
    payload: 0,
  },
]);

test("a match names its route, its captures and the routes that match too with what decided", () => {
  const request = requestFacts("GET http://www.example.com/users/7", {
    headers: { "x-api": "2", cookie: "beta=1" },
  });
  const { outcome, route, captures, alsoMatching } = explainMatch(table, request);
  assert.deepEqual(
    { outcome, route, captures },
    { outcome: "matched", route: "user", captures: { id: "7" } },
  );
  assert.deepEqual(alsoMatching, [
    { route: "either", because: "host" },
    { route: "users", because: "host" },
  ]);
});

const misses: readonly (readonly [
  request: string,
  headers: Record<string, string>,
  first: string,
  reason: RegExp,
])[] = [
  ["GET http://h/login", {}, "login", /^method is POST, but it is GET$/],
  ["POST http://h/login/", {}, "login", /only the final slash differs/],
  ["POST http://h/Login", {}, "login", /path is \/login, but it is \/Login \(only the case differs\)/],
  ["GET http://www.example.com/users/8", { "x-api": "1" }, "user", /^header x-api is "2", but it is "1"$/],
  ["GET http://www.example.com/users/8", {}, "user", /^header x-api is "2", but there is none$/],
  ["GET http://admin.example.com/x", {}, "admin", /^client is in 10\.0\.0\.0\/8, but it is 192\.0\.2\.1$/],
  [
    "GET http://h/users/7",
    {},
    "either",
    /method is PUT, but it is GET; cookie beta is "1", but there is none/,
  ],
];

for (const [request, headers, first, reason] of misses) {
  test(`the nearest miss of ${request} is ${first} with its reason`, () => {
    const [nearest] = explainMatch(table, requestFacts(request, { headers })).nearMisses;
    assert.equal(nearest?.route, first);
    assert.match(nearest.reason, reason);
  });
}

test("no route is an outcome, and near misses are limited", () => {
  const explained = explainMatch(table, requestFacts("GET http://h/nothing"), 2);
  assert.equal(explained.outcome, "no-route");
  assert.equal(explained.route, null);
  assert.equal(explained.nearMisses.length, 2);
});

test("an unclear path shows each reading with its route", () => {
  const explained = explainMatch(table, requestFacts("GET http://h/x/../users/7"));
  assert.equal(explained.outcome, "unclear-path");
  assert.deepEqual(explained.readings, [
    { path: "/users/7", route: "users" },
    { path: "/x/../users/7", route: null },
  ]);
});

test("the table prints in order of precedence", () => {
  assert.deepEqual(
    routeLines(table).map(({ route, host, path, conditions }) => [route, host, path, conditions].join(" | ")),
    [
      'user | www.example.com | /users/: | header x-api is "2"',
      "admin | admin.example.com | any path | client is in 10.0.0.0/8",
      "login | * | /login | method is POST",
      'either | * | /users/7 | any of: (method is PUT) or (cookie beta is "1")',
      "users | * | /users/* | ",
    ],
  );
});
