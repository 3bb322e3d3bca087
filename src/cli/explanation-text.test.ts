import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { parseConfig } from "../config/parse.ts";
import { seededRandom } from "../core/random.ts";
import { explainRequest } from "../runtime/explain.ts";
import { explanationText } from "./explanation-text.ts";

/** Of everything that can speak for or against an endpoint, some. */
function explained(): string {
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const stable = { stage: "stable" };
  const result = parseConfig({
    zone: "here",
    listeners: [{ name: "web", address: ":80" }],
    rateLimits: { clients: { rate: "10/s", burst: 5 }, trial: { rate: "1/m", key: "all", mode: "observe" } },
    pools: {
      app: {
        endpoints: [
          { name: "a", url: url(1), zone: "here", labels: stable },
          { name: "b", url: url(2), zone: "there", labels: stable, weight: 3 },
          { name: "beta", url: url(3), zone: "here", labels: { stage: "beta" } },
          { name: "spare", url: url(4), backup: true, labels: stable },
          { name: "out", url: url(5), state: "maintenance", labels: stable },
        ],
        zones: { preferLocal: true, endpointsMin: 2 },
        sticky: { kind: "cookie", name: "srv" },
        retry: { statuses: [503], perAttempt: "1500ms" },
        queue: { timeout: "2s" },
        shed: { mode: "observe" },
        hedge: {},
      },
    },
    routes: [
      {
        name: "api",
        match: { host: "shop.test", path: "/api/*", method: "GET" },
        pool: "app",
        labels: stable,
        rateLimits: ["clients", "trial"],
        timeouts: { exchange: "10s" },
        limits: { bodyBytes: "1MiB", responseBytesPerSecond: "512KiB", bandwidthMode: "observe" },
      },
      { name: "v2", match: { path: "/api/v2/*", header: { "x-version": "2" } }, pool: "app" },
      { name: "static", match: { path: "/static/*" }, pool: "app" },
    ],
  });
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  const explanation = explainRequest(
    { url: "http://shop.test/api/v2/x?y=1", headers: [["Cookie", "srv=forged"]] },
    {
      config: result.config,
      shared: null,
      clock: new VirtualClock(),
      random: seededRandom(1),
      policyModules: new Map(),
      probeReason: () => null,
      ejectionReason: () => null,
    },
  );
  return explanationText(JSON.parse(JSON.stringify(explanation)) as Parameters<typeof explanationText>[0]);
}

test("an explanation reads like this", () => {
  assert.deepEqual(explained().split("\n"), [
    "GET http://shop.test/api/v2/x?y=1 from 127.0.0.1 at web",
    "→ route api, pool app",
    "captures: rest=v2/x",
    'no match: v2: header x-version is "2", but there is none',
    "no match: static: path is /static/*, but it is /api/v2/x",
    "rate-limit: clients: key '127.0.0.1', 10 per second, 5 more at once, then 429",
    "rate-limit: trial: key 'all', 1 per minute, no more at once, only counted",
    "limits: deadline 10 s, request body up to 1 MiB, response at most 512 KiB a second (only observed)",
    "",
    "pool app, policy peak-ewma",
    "  only endpoints with stage=stable",
    "  sticky by cookie: its cookie srv was not signed for this pool with this secret: another is chosen and bound",
    "  ENDPOINT  ELIGIBLE  WEIGHT  TIER  ACTIVE  LATENCY  SCORE  REMARKS",
    "  a         yes            1     0       -        -      0  our own zone in tier 0: 75 % of the traffic",
    "  b         yes            3     0       -        -      0  other zones in tier 0: 25 % of the traffic",
    "  beta      no             1     0       -        -      -  the route wants label stage stable, and it has beta",
    "  spare     yes            1     1       -        -      0  tier 1 is not in use: an earlier one takes all",
    "  out       no             1     0       -        -      -  in maintenance",
    "  the lowest score is served first",
    "  timeouts: connect 5 s, response head 60 s, silence 60 s",
    "  retries: up to 3 attempts on connect, reset, timeout, 503, each up to 1500 ms",
    "  retry budget: 20 % of requests, at least 3 a second",
    "  hedging: a second attempt after the 95th percentile, at least 10 ms",
    "  queue: up to 1000 wait in each worker, 2 s at most",
    "  shedding: low importance from 70 %, normal from 90 % of its limits (only observed)",
  ]);
});
