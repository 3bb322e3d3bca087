import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "../../test/support/access-records.ts";
import { compileFilter, type ExchangeFilter } from "./exchange-filter.ts";

const anything: ExchangeFilter = {
  statuses: null,
  route: null,
  pool: null,
  endpoint: null,
  cause: null,
  slowMs: null,
  methods: null,
  host: null,
  path: null,
  clients: null,
};

const record = sampleRecord({
  method: "POST",
  target: "/cart/items?id=7",
  host: "Shop.Example.com:8443",
  clientAddress: "10.1.2.3",
  status: 504,
  durationMs: 600,
  cause: "head-response-timeout",
  failedAttempts: [{ endpoint: "b2", cause: "connect-refused", detail: "", durationMs: 1 }],
});

// What fits, and what does not.
const cases: readonly (readonly [Partial<ExchangeFilter>, Partial<ExchangeFilter>])[] = [
  [{ statuses: [{ from: 500, to: 599 }] }, { statuses: [{ from: 400, to: 503 }] }],
  [{ route: "all" }, { route: "al" }],
  [{ pool: "app" }, { pool: "api" }],
  [{ endpoint: "b1" }, { endpoint: "b3" }],
  [{ endpoint: "b2" }, { endpoint: "b" }],
  [{ cause: "any" }, { cause: "queue-full" }],
  [{ cause: "connect-refused" }, { cause: "connect-timeout" }],
  [{ slowMs: 600 }, { slowMs: 601 }],
  [{ methods: ["GET", "POST"] }, { methods: ["GET"] }],
  [{ host: "shop.example.com" }, { host: "example.com" }],
  [{ host: "*.example.com" }, { host: "*.shop.example.com" }],
  [{ path: "/cart/items" }, { path: "/cart" }],
  [{ path: "/cart/*" }, { path: "/carts/*" }],
  [{ clients: ["10.0.0.0/8", "::1"] }, { clients: ["10.1.2.4"] }],
  [
    { methods: ["POST"], path: "/cart*" },
    { methods: ["POST"], path: "/basket" },
  ],
];

for (const [fits, fails] of cases) {
  test(`${JSON.stringify(fits)} fits, ${JSON.stringify(fails)} does not`, () => {
    assert.equal(compileFilter({ ...anything, ...fits })(record), true);
    assert.equal(compileFilter({ ...anything, ...fails })(record), false);
  });
}

test("an exchange without a cause is not any", () => {
  assert.equal(compileFilter({ ...anything, cause: "any" })(sampleRecord()), false);
  assert.equal(compileFilter(anything)(sampleRecord()), true);
});
