/**
 * The table against a naive matcher that was written apart from it and looks at every route, and
 * against make-believe servers that read paths in their own ways.
 */
import assert from "node:assert/strict";
import { posix } from "node:path";
import test from "node:test";
import * as fc from "fast-check";
import { requestFacts } from "../../test/support/request-facts.ts";
import { pathReadings } from "./path-reading.ts";
import type { RequestFacts } from "../core/template-scope.ts";
import { buildRouteTable } from "./route-table.ts";
import type { HostSpec, PathSpec, RouteSpec } from "./route-spec.ts";

interface Drawn {
  readonly hosts: readonly HostSpec[];
  readonly paths: readonly PathSpec[];
  readonly method: string | null;
  readonly version: string | null;
  readonly priority: number;
}

// --- the naive matcher -----------------------------------------------------------------------------

type Rank = readonly (number | string)[];

function naiveMatch(routes: readonly Drawn[], facts: RequestFacts, path: string): number | null {
  let best: { rank: Rank; index: number } | null = null;
  for (const [index, route] of routes.entries()) {
    if (route.method !== null && facts.method !== route.method) continue;
    if (route.version !== null && facts.header("version") !== route.version) continue;
    const conditions = (route.method === null ? 0 : 1) + (route.version === null ? 0 : 1);
    for (const host of route.hosts.length === 0 ? ["*"] : route.hosts) {
      for (const place of route.paths.length === 0 ? [null] : route.paths) {
        if (!hostHolds(host, facts.host) || (place !== null && !pathRegex(place).test(path))) continue;
        const isRegex = place !== null && typeof place !== "string" && "regex" in place;
        const rank = [
          ...hostRank(host, routes),
          -route.priority,
          ...pathRank(place),
          isRegex ? 0 : -conditions,
          index,
        ];
        if (best === null || isBefore(rank, best.rank)) best = { rank, index };
      }
    }
  }
  return best?.index ?? null;
}

function hostHolds(host: HostSpec, actual: string): boolean {
  if (typeof host !== "string") return new RegExp(host.regex).test(actual);
  return (
    host === "*" ||
    host === actual ||
    (host.startsWith("*.") && actual.length > host.length - 1 && actual.endsWith(host.slice(1)))
  );
}

function hostRank(host: HostSpec, routes: readonly Drawn[]): Rank {
  if (typeof host !== "string") {
    const all = routes.flatMap((route) => route.hosts).filter((other) => typeof other !== "string");
    return [2, all.findIndex((other) => other.regex === host.regex)];
  }
  if (host === "*") return [3, 0];
  return host.startsWith("*.") ? [1, -host.length] : [0, 0];
}

/** The spec as one regular expression. */
function pathRegex(spec: PathSpec): RegExp {
  if (typeof spec !== "string") {
    if ("regex" in spec) return new RegExp(spec.regex);
    if ("exact" in spec) return new RegExp(`^${spec.exact}$`);
    if ("startsWith" in spec) return new RegExp(`^${spec.startsWith}`);
    return new RegExp(`^${spec.prefix}(/.*)?$`);
  }
  const source = spec
    .replaceAll(/:\w+/g, "[^/]+")
    .replace(/\/\*\w*$/, "(/.*)?")
    .replace(/\*$/, ".*");
  return new RegExp(`^${source}$`);
}

/** Letters that sort as the precedence says: a literal, b start (longest first), c parameter, d end, e below, f rest. */
function pathRank(spec: PathSpec | null): Rank {
  if (spec === null) return [3, ""];
  if (typeof spec !== "string") {
    if ("regex" in spec) return [2, ""];
    if ("exact" in spec) return [0, ""];
    if ("prefix" in spec) return [1, `${"a".repeat(spec.prefix.split("/").length - 1)}f`];
    return [1, letters(spec.startsWith.replace(/$/, "*").replace(/\/\*$/, "/!"))];
  }
  return /[:*]/.test(spec) ? [1, letters(spec)] : [0, ""];
}

function letters(spec: string): string {
  const parts = spec
    .split("/")
    .slice(1)
    .map((segment) => {
      if (segment.startsWith("*")) return "f";
      if (segment === "!") return "e";
      if (segment.startsWith(":")) return "c";
      return segment.endsWith("*") ? `b${String.fromCharCode(1000 - segment.length)}` : "a";
    });
  const last = parts.at(-1) ?? "";
  return parts.join("") + (last === "a" || last === "c" ? "d" : "");
}

function isBefore(a: Rank, b: Rank): boolean {
  for (const [index, value] of a.entries()) {
    const other = b[index];
    if (other === undefined || value === other) continue;
    return value < other;
  }
  return false;
}

// --- what is drawn ---------------------------------------------------------------------------------

const segment = fc.constantFrom("a", "b", "ab", "abc");
const parameter = fc.constantFrom(":x", ":y");
const ending = fc.constantFrom("", "/*", "/*more", "/a*", "/ab*", "/");
const patternText = fc
  .tuple(fc.array(fc.oneof({ arbitrary: segment, weight: 2 }, parameter), { maxLength: 3 }), ending)
  .map(([segments, end]) => {
    const unique = segments.map((text, index) => (text.startsWith(":") ? `${text}${index}` : text));
    return `/${unique.join("/")}${end}`.replace(/^\/\//, "/");
  });
const plainPath = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((segments) => `/${segments.join("/")}`);
const pathSpec: fc.Arbitrary<PathSpec> = fc.oneof(
  { arbitrary: patternText, weight: 4 },
  plainPath.map((exact) => ({ exact })),
  plainPath.map((prefix) => ({ prefix })),
  fc.tuple(plainPath, fc.constantFrom("", "/")).map(([path, slash]) => ({ startsWith: path + slash })),
  fc.constantFrom("^/a", "b$", "/ab/", "^/[^/]*$").map((regex) => ({ regex })),
);
const hostSpec: fc.Arbitrary<HostSpec> = fc.oneof(
  fc.constantFrom("a.com", "x.a.com", "*.a.com", "*.x.a.com", "*.com", "*"),
  fc.constantFrom("^x", "a\\.com$", "com").map((regex) => ({ regex })),
);
const route: fc.Arbitrary<Drawn> = fc.record({
  hosts: fc.oneof(fc.constant([]), fc.array(hostSpec, { minLength: 1, maxLength: 2 })),
  paths: fc.oneof(
    { arbitrary: fc.constant([]), weight: 1 },
    { arbitrary: fc.array(pathSpec, { minLength: 1, maxLength: 2 }), weight: 4 },
  ),
  method: fc.option(fc.constantFrom("GET", "POST")),
  version: fc.option(fc.constantFrom("1", "2"), { freq: 3 }),
  priority: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, fc.constantFrom(-1, 1)),
});
const request = fc.record({
  method: fc.constantFrom("GET", "POST"),
  host: fc.constantFrom("a.com", "x.a.com", "y.x.a.com", "b.com", "org"),
  version: fc.constantFrom("1", "2", "3"),
  path: fc
    .array(fc.constantFrom("a", "b", "ab", "abc", "abcd", "z"), { maxLength: 4 })
    .chain((segments) =>
      fc.constantFrom("", "/").map((end) => `/${segments.join("/")}${segments.length > 0 ? end : ""}`),
    ),
});

function specOf(drawn: Drawn, index: number): RouteSpec<number> {
  const match = {
    ...(drawn.hosts.length > 0 && { host: drawn.hosts }),
    ...(drawn.paths.length > 0 && { path: drawn.paths }),
    ...(drawn.method !== null && { method: drawn.method }),
    ...(drawn.version !== null && { header: { Version: drawn.version } }),
  };
  return { name: `route ${index}`, match, priority: drawn.priority, payload: index };
}

function matched(
  table: ReturnType<typeof buildRouteTable<number>>,
  facts: RequestFacts,
): number | "unclear-path" | null {
  const found = table.match(facts);
  return found === null || found === "unclear-path" ? found : found.route.payload;
}

// --- the properties --------------------------------------------------------------------------------

test("the table finds what the naive matcher finds, for any routes and requests", () => {
  fc.assert(
    fc.property(
      fc.array(route, { maxLength: 12 }),
      fc.array(request, { minLength: 1, maxLength: 12 }),
      (routes, requests) => {
        const table = buildRouteTable(routes.map(specOf));
        for (const { method, host, version, path } of requests) {
          const facts = requestFacts(`${method} http://${host}${path}`, { headers: { version } });
          assert.equal(matched(table, facts), naiveMatch(routes, facts, path), `${method} ${host}${path}`);
        }
      },
    ),
    { seed: 42, numRuns: 2000 },
  );
});

test("the drawn requests do reach routes, by more than the last resort", () => {
  let hits = 0;
  let total = 0;
  fc.assert(
    fc.property(
      fc.array(route, { minLength: 4, maxLength: 12 }),
      request,
      (routes, { method, host, version, path }) => {
        total++;
        if (
          naiveMatch(
            routes,
            requestFacts(`${method} http://${host}${path}`, { headers: { version } }),
            path,
          ) !== null
        )
          hits++;
      },
    ),
    { seed: 42, numRuns: 500 },
  );
  assert.ok(hits > total / 3 && hits < total, `${hits} of ${total}`);
});

const piece = fc.constantFrom(
  "/",
  "/",
  "/",
  "a",
  "b",
  "%61",
  ".",
  "..",
  "%2e",
  "%2F",
  "%5c",
  "\\",
  "..;x",
  "%00",
  "%",
  "{",
);
const rawPath = fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join("")}`);

test("a path is refused exactly when its readings reach different routes", () => {
  fc.assert(
    fc.property(fc.array(route, { maxLength: 6 }), rawPath, (routes, path) => {
      const facts = requestFacts(`GET http://a.com${path}`, { headers: { version: "1" } });
      const found = new Set(pathReadings(path).map((reading) => naiveMatch(routes, facts, reading)));
      const table = buildRouteTable([
        ...routes.map(specOf),
        { name: "not lone", match: { host: "z", path: "/z" }, payload: -1 },
      ]);
      assert.equal(matched(table, facts), found.size === 1 ? [...found][0] : "unclear-path");
    }),
    { seed: 43, numRuns: 2000 },
  );
});

/**
 * Ways in which servers are known to read a path before they choose what to do. All of them know that
 * `%61` is an `a` (RFC 3986 §6.2.2.2).
 */
const servers: Readonly<Record<string, (raw: string) => string>> = {
  "takes it raw": (raw) => raw,
  "decodes it": decode,
  "resolves, then decodes": (raw) => decode(posix.normalize(raw)),
  "decodes, then resolves": (raw) => posix.normalize(decode(raw)),
  "takes backslashes for slashes": (raw) => posix.normalize(decode(raw).replaceAll("\\", "/")),
  "parses a URL": (raw) => new URL(`http://h${raw}`).pathname,
  "parses a URL, then decodes": (raw) => decode(new URL(`http://h${raw}`).pathname),
  "strips parameters of dot segments": (raw) =>
    posix.normalize(decode(raw.replaceAll(/\/(\.{1,2});[^/]*/g, "/$1"))),
};

/** Percent-decodes octet by octet, as lenient servers do. */
function decode(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

test("whatever a path is disguised as, no known server sees it under another route than Headgate does", () => {
  const table = buildRouteTable([
    { name: "a", match: { path: "/a/*" }, payload: "a" },
    { name: "b", match: { path: "/b/*" }, payload: "b" },
    { name: "rest", payload: "rest" },
  ]);
  fc.assert(
    fc.property(rawPath, (path) => {
      const found = table.match(requestFacts(`GET http://h${path}`));
      if (found === null || found === "unclear-path") return;
      for (const [habit, read] of Object.entries(servers)) {
        const seen = read(path.replaceAll("%61", "a")).replaceAll(/\/{2,}/g, "/");
        const route = /^\/([ab])(?:\/|$)/.exec(seen)?.[1] ?? "rest";
        assert.equal(route, found.route.payload, `a server that ${habit} sees ${seen}`);
      }
    }),
    { seed: 44, numRuns: 10_000, examples: [["/..;x%5c%/%2Fb"], ["/{\\{/..;x/%2Fb"], ["/./%61%2F.."]] },
  );
});
