/** Warnings about routes that cannot be reached and routes only their order tells apart. */
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { requestFacts } from "../../test/support/request-facts.ts";
import { findAmbiguities } from "./ambiguity.ts";
import { buildRouteTable } from "./route-table.ts";
import type { MatchSpec, RouteSpec } from "./route-spec.ts";

type Parts = MatchSpec & { readonly priority?: number };

function specOf({ priority, ...match }: Parts, index: number): RouteSpec<number> {
  return {
    name: index === 0 ? "a" : "b",
    match,
    payload: index,
    ...(priority !== undefined && { priority }),
  };
}

const cases: readonly (readonly [a: Parts, b: Parts, expected: string | null])[] = [
  [{}, {}, "unreachable b"],
  [{ path: "/x" }, { path: "/x" }, "unreachable b"],
  [{ path: "/:id" }, { path: "/:name" }, "unreachable b"],
  [{ path: "/x/*" }, { path: { prefix: "/x/" } }, "unreachable b"],
  [{ path: { regex: "x" } }, { path: { regex: "x" }, method: "GET" }, "unreachable b"],
  [{ path: "/x", method: "GET" }, { path: "/x", method: "GET" }, "unreachable b"],
  [{ path: "/*", priority: 1 }, { path: "/x" }, "unreachable b"],
  [{ path: "/x/*", priority: 1 }, { path: "/x/:id/y" }, "unreachable b"],
  [{ path: "/x*", priority: 1 }, { path: "/xy/*" }, "unreachable b"],
  [{ path: "/:a", priority: 1 }, { path: "/x" }, "unreachable b"],
  [{ path: "/x" }, { path: "/*", priority: 1 }, "unreachable a"],
  [{ path: "/x", header: { h: "1" } }, { path: "/x", method: "GET" }, "order-decides b"],
  [{ path: "/x", query: { q: "1" } }, { path: "/x", query: { q: "2" } }, "order-decides b"],
  [{ path: ["/x", "/y"] }, { path: ["/y", "/z"] }, "unreachable b"],
  [{ path: "/x" }, { path: "/y" }, null],
  [{ path: "/x/*" }, { path: "/x/y" }, null],
  [{ path: "/x", method: "GET" }, { path: "/x" }, null],
  [{ path: "/x", method: "GET" }, { path: "/x", method: "POST" }, null],
  [{ path: "/x", header: { h: "1" } }, { path: "/x", header: { h: "2" } }, null],
  [{ host: "a.com" }, {}, null],
  [{ host: "a.com", path: "/x" }, { host: "b.com", path: "/x" }, null],
  [{ path: "/x/:id", priority: 1 }, { path: "/x/*" }, null],
  [{ path: "/x/*", method: "GET", priority: 1 }, { path: "/x/y" }, null],
  [{ path: { regex: "x" } }, { path: { regex: "xy" } }, null],
  [{ path: "/x/" }, { path: { regex: "x" } }, null],
];

for (const [a, b, expected] of cases) {
  test(`${JSON.stringify(a)} and ${JSON.stringify(b)} give ${expected ?? "no warning"}`, () => {
    const found = findAmbiguities(buildRouteTable([a, b].map(specOf)));
    assert.deepEqual(
      found.map(({ kind, route }) => `${kind} ${route}`),
      expected === null ? [] : [expected],
    );
  });
}

test("a warning is a sentence with the place and a remedy", () => {
  const [found] = findAmbiguities(
    buildRouteTable(
      [
        { host: "h.com", path: "/x" },
        { host: "h.com", path: "/x" },
      ].map(specOf),
    ),
  );
  assert.match(
    found?.text ?? "",
    /^"b" gets no request for host h\.com, path \/x, because "a" goes first .* remove one/,
  );
});

const parts: fc.Arbitrary<Parts> = fc.record(
  {
    path: fc.constantFrom("/x", "/x/*", "/:a", "/x/:b", "/*", "/x*"),
    method: fc.constantFrom("GET", "POST"),
    priority: fc.constantFrom(0, 1),
  },
  { requiredKeys: [] },
);

test("a route called unreachable is reached by no request", () => {
  fc.assert(
    fc.property(
      parts,
      parts,
      fc.constantFrom("/", "/x", "/x/", "/x/y", "/xy", "/z", "/x/y/z"),
      fc.constantFrom("GET", "POST", "PUT"),
      (a, b, path, method) => {
        const table = buildRouteTable([a, b].map(specOf));
        const unreachable = findAmbiguities(table).find(({ kind }) => kind === "unreachable");
        const found = table.match(requestFacts(`${method} http://h${path}`));
        if (found !== null && found !== "unclear-path") assert.notEqual(found.route.name, unreachable?.route);
      },
    ),
    { seed: 21, numRuns: 2000 },
  );
});
