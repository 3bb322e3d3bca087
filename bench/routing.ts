/**
 * Nanoseconds of processor time per route look-up, by number and kind of routes: `node bench/routing.ts`. Prints a table;
 * a table of ten thousand routes should cost about what one of ten does.
 */
import { buildRouteTable } from "../src/routing/route-table.ts";
import type { RequestFacts } from "../src/core/template-scope.ts";
import type { MatchSpec } from "../src/routing/route-spec.ts";
import { seededRandom } from "../src/core/random.ts";

const sizes = [1, 10, 1_000, 10_000] as const;
const requestsPerRound = 200_000;
const rounds = 8;

/** What route number `n` matches, and a request that reaches it. */
interface Shape {
  readonly match: (n: number) => MatchSpec;
  readonly host: (n: number) => string;
  readonly path: (n: number) => string;
}

const one = (): string => "www.example.com";
const shapes: Readonly<Record<string, Shape>> = {
  "exact hosts": {
    match: (n) => ({ host: `h${n}.example.com` }),
    host: (n) => `h${n}.example.com`,
    path: (n) => `/page/${n}`,
  },
  "wildcard hosts": {
    match: (n) => ({ host: `*.h${n}.example.com` }),
    host: (n) => `a.h${n}.example.com`,
    path: (n) => `/page/${n}`,
  },
  "exact paths": { match: (n) => ({ path: `/page/${n}/view` }), host: one, path: (n) => `/page/${n}/view` },
  prefixes: { match: (n) => ({ path: `/service-${n}/*` }), host: one, path: (n) => `/service-${n}/items/17` },
  "deep prefixes": {
    match: (n) => ({ path: `/api/v1/tenant-${n}/*` }),
    host: one,
    path: (n) => `/api/v1/tenant-${n}/items/17`,
  },
  patterns: {
    match: (n) => ({ path: `/kind-${n}/:id/*rest` }),
    host: one,
    path: (n) => `/kind-${n}/17/edit`,
  },
  "with a method": {
    match: (n) => ({ path: `/page-${n}/*`, method: "GET" }),
    host: one,
    path: (n) => `/page-${n}/x`,
  },
};

interface BenchFacts extends RequestFacts {
  path: string;
  host: string;
}

function nanosecondsPerMatch(shape: Shape, size: number): number {
  const specs = Array.from({ length: size }, (_, n) => ({
    name: `r${n}`,
    match: shape.match(n),
    needsCaptures: false,
    payload: n,
  }));
  const table = buildRouteTable([...specs, { name: "default", payload: -1 }]);
  const random = seededRandom(1);
  const wanted = Array.from({ length: 512 }, () => Math.floor(random.next() * size));
  const hosts = wanted.map(shape.host);
  const paths = wanted.map(shape.path);
  const facts: BenchFacts = {
    method: "GET",
    target: "",
    path: "",
    query: "",
    host: "",
    clientAddress: "192.0.2.1",
    isSecure: true,
    listener: "main",
    header: () => undefined,
    fact: () => undefined,
  };
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < requestsPerRound; i++) {
      facts.host = hosts[i & 511] ?? "";
      facts.path = paths[i & 511] ?? "";
      const found = table.match(facts);
      if (found === null || found === "unclear-path" || found.route.payload !== wanted[i & 511])
        throw new Error("a wrong route");
    }
    best = Math.min(best, cpuNanosecondsSince(start) / requestsPerRound);
  }
  return best;
}

/** Processor time, so that a busy machine disturbs less than with a clock on the wall. */
function cpuNanosecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) * 1000;
}

function loneDefault(): number {
  const table = buildRouteTable([{ name: "default", payload: 0 }]);
  const facts = {
    method: "GET",
    target: "/",
    path: "/",
    query: "",
    host: "h",
    clientAddress: "",
    isSecure: true,
    listener: "",
    header: () => undefined,
    fact: () => undefined,
  };
  let hits = 0;
  const start = process.cpuUsage();
  for (let i = 0; i < 10_000_000; i++) if (table.match(facts) !== null) hits++;
  return cpuNanosecondsSince(start) / hits;
}

console.log(`${"CPU ns per match".padEnd(24)}${sizes.map((size) => String(size).padStart(9)).join("")}`);
for (const [name, shape] of Object.entries(shapes)) {
  const row = sizes.map((size) => nanosecondsPerMatch(shape, size).toFixed(0).padStart(9));
  console.log(name.padEnd(24) + row.join(""));
}
console.log(`a lone default route: ${loneDefault().toFixed(1)} ns`);
