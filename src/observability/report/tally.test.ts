import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../core/random.ts";
import { figuresOf } from "./figures.ts";
import { FrequentClients } from "./frequent-clients.ts";
import { logEntry, type LogEntry } from "./log-entry.ts";
import { reportPage } from "./page/page.ts";
import { routeKey } from "./route-key.ts";
import { otherName, Tally } from "./tally.ts";
import { TimeBuckets } from "./time-buckets.ts";

const start = Date.UTC(2026, 10, 21, 3);

function tallyOf(entries: Iterable<Partial<LogEntry>>): Tally {
  const tally = new Tally();
  for (const entry of entries)
    tally.add({ format: "headgate", entry: logEntry({ wallMs: start, status: 200, ...entry }) });
  return tally;
}

/** So many entries of pool `app`; `choose` gives each one's endpoint and what else is special. */
function traffic(count: number, choose: (index: number) => Partial<LogEntry>): Tally {
  return tallyOf(
    Array.from({ length: count }, (_, index) => ({
      wallMs: start + index * 10,
      pool: "app",
      durationMs: 10,
      client: `192.0.2.${index % 200}`,
      ...choose(index),
    })),
  );
}

function explanations(tally: Tally): string {
  return figuresOf(tally)
    .imbalances.flatMap((finding) => finding.explanations)
    .join("\n");
}

test("an even spread is called even, also when chance makes it a little uneven", () => {
  const random = seededRandom(3);
  const { imbalances } = figuresOf(traffic(3000, () => ({ endpoint: `b${Math.floor(random.next() * 3)}` })));
  assert.deepEqual(
    imbalances.map(({ pool, isUneven, explanations: why }) => [pool, isUneven, why]),
    [["app", false, []]],
  );
});

test("weights are recognised by a steady ratio of whole numbers", () => {
  assert.match(
    explanations(traffic(4000, (index) => ({ endpoint: index % 4 === 0 ? "b2" : "b1" }))),
    /b2 1 : b1 3|b1 3 : b2 1/,
  );
});

test("an endpoint that fails is named with its causes", () => {
  const tally = traffic(3000, (index) =>
    index % 3 === 0
      ? { endpoint: "b1", failedAttempts: [{ endpoint: "b2", cause: "connect-refused" }] }
      : { endpoint: index % 3 === 1 ? "b1" : "b3" },
  );
  assert.match(explanations(tally), /b2 failed 1000 attempts \(connect-refused 1000 times\)/);
});

test("an endpoint that got nothing for a while is told of with the time", () => {
  const tally = traffic(12_000, (index) => ({ endpoint: index < 6000 && index % 2 === 0 ? "b2" : "b1" }));
  assert.match(explanations(tally), /b2 got nothing in 50 % of the time, between 2026-11-21T03:01:00.000Z/);
});

test("slow endpoints that get less, and fast errors that get more, are told apart", () => {
  const slow = traffic(4000, (index) =>
    index % 5 === 0 ? { endpoint: "b2", durationMs: 80 } : { endpoint: "b1", durationMs: 10 },
  );
  assert.match(explanations(slow), /Slower endpoints got less: b1 has a median of 10 ms, b2 of 8[01] ms/);
  const fast = traffic(4000, (index) =>
    index % 5 === 0
      ? { endpoint: "b2", durationMs: 80 }
      : { endpoint: "b1", durationMs: 1, status: index % 2 === 0 ? 500 : 200 },
  );
  assert.match(explanations(fast), /b1 answers 50 % with 5xx, and fast/);
});

test("clients that stay with their endpoint explain a spread by clients", () => {
  const tally = traffic(4000, (index) => {
    const client = index % 3 === 0 ? "heavy" : `c${index % 20}`;
    return { client, endpoint: client === "heavy" || index % 2 === 0 ? "b1" : "b2" };
  });
  assert.match(explanations(tally), /Clients stay with their endpoint.*heavy alone makes 33 %/);
});

test("an uneven spread that nothing explains is not explained", () => {
  const random = seededRandom(1);
  assert.match(
    explanations(traffic(4000, () => ({ endpoint: random.next() < 0.6 ? "b1" : "b2" }))),
    /Nothing in the log explains it/,
  );
});

test("time is kept in so many buckets whatever the log's length, and no line is lost", () => {
  const buckets = new TimeBuckets(10);
  const random = seededRandom(1);
  for (let i = 0; i < 5000; i++) buckets.at(start + random.next() * 3_600_000).add(200, 5, 0);
  const list = buckets.list();
  assert.ok(list.length <= 10 && list.length > 4, `${list.length}`);
  assert.equal(buckets.widthMs, 512_000);
  assert.equal(
    list.reduce((sum, { bucket }) => sum + bucket.latency.count, 0),
    5000,
  );
  assert.ok(list.every(({ wallMs }, index) => index === 0 || wallMs > (list[index - 1]?.wallMs ?? 0)));
});

test("routes, endpoints and clients without end share a name or are forgotten", () => {
  const tally = tallyOf(
    Array.from({ length: 5000 }, (_, index) => ({
      route: `r${index}`,
      endpoint: `e${index}`,
      client: `c${index}`,
      cause: `x${index}`,
    })),
  );
  assert.equal(tally.routes.size, 2001);
  assert.equal(tally.routes.get(otherName)?.requests, 3000);
  assert.equal(tally.endpoints.size, 2001);
  assert.equal(tally.causes.size, 201);
  const clients = new FrequentClients(100);
  for (let i = 0; i < 10_000; i++) clients.add(i % 10 === 0 ? "often" : `c${i}`, "", null);
  assert.deepEqual([clients.top(1)[0]?.client, clients.top(1)[0]?.count], ["often", 1000]);
  assert.ok(clients.top(1000).length <= 100 && clients.missingMax >= 1);
});

test("paths without a route are grouped without what varies", () => {
  assert.deepEqual(
    [
      routeKey("GET", "/users/42/orders"),
      routeKey("GET", "/img/2f6a9c01d4.png"),
      routeKey("GET", "/x/0af76519-16cd-43dd-8448-eb211c80319c"),
      routeKey("GET", "/a/b/c/d/e/f"),
      routeKey("GET", "/"),
    ],
    ["GET /users/*/orders", "GET /img/*.png", "GET /x/*", "GET /a/b/c/d/…", "GET /"],
  );
});

test("the page needs nothing from elsewhere, and nothing in a log becomes markup", () => {
  const evil = `/<script>alert("1")</script>`;
  const tally = traffic(300, (index) => ({
    endpoint: `<b>${index % 2}</b>`,
    path: evil,
    client: "<i>",
    cause: index === 0 ? "<u>" : "",
    status: index % 10 === 0 ? 500 : 200,
    durationMs: index,
  }));
  const page = reportPage(figuresOf(tally), ["<a>.log"]);
  assert.doesNotMatch(page, /<script|<b>0|<i>|<u>|<a>|\b(?:src|href)=|url\(|@import/);
  assert.match(page, /&lt;script&gt;/);
  assert.equal(page.match(/<svg /g)?.length, 3);
  assert.match(page, /default-src 'none'/);
});

test("exchanges without a valid request are called so", () => {
  assert.equal(routeKey("", ""), "(no valid request)");
  assert.equal(routeKey("GET", "/users/42"), "GET /users/*");
});
