/** Spans of a running Headgate as a collector receives them: which there are, how they hang together, what a dead collector costs. */
import assert from "node:assert/strict";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { test, type TestContext } from "node:test";
import { freePorts } from "../support/free-ports.ts";
import { type HeadgateProcess, startBackend, startHeadgateProcess } from "../support/headgate-process.ts";
import { OtlpCollector, type ReceivedSpan } from "../support/otlp-collector.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const callerSpan = "b7ad6b7169203331";
const sampled = { traceparent: `00-${traceId}-${callerSpan}-01`, tracestate: "vendor=1", baggage: "user=7" };

interface Running {
  readonly headgate: HeadgateProcess;
  readonly collector: OtlpCollector;
  readonly seen: IncomingHttpHeaders[];
  /** Answers of the pool `slow` that wait to be sent. */
  readonly held: ServerResponse[];
}

async function start(t: TestContext, workers: number, tracing = ""): Promise<Running> {
  const collector = await OtlpCollector.start(t);
  const seen: IncomingHttpHeaders[] = [];
  const held: ServerResponse[] = [];
  const { url } = await startBackend(t, (request, response) => {
    seen.push(request.headers);
    if (request.url === "/slow") held.push(response);
    else response.end("ok");
  });
  const headgate = await startHeadgateProcess(
    t,
    `listeners: [{ name: main, address: "127.0.0.1:0", trustedProxies: [127.0.0.1] }]
workers: ${workers}
pools:
  app:
    policy: first
    endpoints: [{ name: gone, url: "http://127.0.0.1:${await freePorts(1)}" }, { name: b1, url: "${url}" }]
  slow:
    endpoints: [{ name: b1, url: "${url}", maxRequests: 1 }]
    queue: { size: 5, timeout: 20s }
routes:
  - { name: slow, match: { path: /slow }, pool: slow }
  - { name: rest, pool: app }
tracing:
  ${tracing}
  export: { url: "${collector.url}", service: edge, headers: { X-Key: secret }, attributes: { region: eu } }
admin: { address: "127.0.0.1:0" }
`,
  );
  return { headgate, collector, seen, held };
}

async function get({ headgate }: Running, path: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(headgate.url + path, { headers: { connection: "close", ...headers } });
  await response.text();
}

async function metric({ headgate }: Running, series: string): Promise<number> {
  const text = await (await fetch(`${headgate.adminUrl}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUp = AbortSignal.timeout(20_000);
  while (!(await isSo())) {
    if (giveUp.aborted) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function contains(outer: ReceivedSpan, inner: ReceivedSpan): boolean {
  // Fractions of a millisecond since 1970 are only known so well.
  const slackNanos = 1000n;
  return (
    inner.startNanos >= outer.startNanos - slackNanos &&
    inner.endNanos <= outer.endNanos + slackNanos &&
    inner.endNanos >= inner.startNanos
  );
}

for (const workers of [0, 2]) {
  test(
    `an exchange, its attempts and what the endpoint is told hang together (workers ${workers})`,
    { timeout: 60_000 },
    async (t) => {
      const running = await start(t, workers);
      const { collector, seen } = running;
      await get(running, "/shop?token=secret", sampled);
      await collector.until("three spans", () => collector.spans.length >= 3);
      const { spans } = collector;
      assert.deepEqual(
        spans.map(({ kind }) => kind),
        [2, 3, 3],
      );
      const [exchange, refused, answered] = spans as [ReceivedSpan, ReceivedSpan, ReceivedSpan];
      assert.deepEqual(
        spans.map((span) => [span.traceId, span.parentSpanId, span.state]),
        [
          [traceId, callerSpan, "vendor=1"],
          [traceId, exchange.spanId, "vendor=1"],
          [traceId, exchange.spanId, "vendor=1"],
        ],
      );
      assert.equal(seen[0]?.["traceparent"], `00-${traceId}-${answered.spanId}-01`);
      assert.deepEqual([seen[0]?.["tracestate"], seen[0]?.["baggage"]], ["vendor=1", "user=7"]);
      assert.equal(exchange.name, "GET rest");
      assert.deepEqual([exchange.statusCode, refused.statusCode, answered.statusCode], [0, 2, 0]);
      assert.equal(refused.attributes.get("error.type"), "connect-refused");
      assert.deepEqual(
        [refused, answered].map(({ attributes }) => attributes.get("headgate.endpoint")),
        ["gone", "b1"],
      );
      assert.equal(exchange.attributes.get("url.path"), "/shop");
      assert.equal(exchange.attributes.get("http.response.status_code"), 200);
      assert.equal(exchange.attributes.get("headgate.attempts"), 2);
      assert.ok(contains(exchange, refused) && contains(exchange, answered));
      const ageMs = Date.now() - Number(exchange.startNanos / 1_000_000n);
      assert.ok(ageMs >= 0 && ageMs < 60_000, `${ageMs}`);
      assert.deepEqual(
        [...exchange.resource],
        [
          ["service.name", "edge"],
          ["region", "eu"],
        ],
      );
      const [request] = collector.requests;
      assert.deepEqual(
        [request?.url, request?.headers["content-type"], request?.headers["x-key"]],
        ["/v1/traces", "application/x-protobuf", "secret"],
      );
      assert.equal(await metric(running, 'headgate_trace_spans_total{result="exported"}'), 3);
    },
  );
}

test("the wait for an endpoint is a span of its own", { timeout: 60_000 }, async (t) => {
  const running = await start(t, 0);
  const { collector, held } = running;
  const both = [get(running, "/slow", sampled), get(running, "/slow", sampled)];
  const waited = 'headgate_pool_protection_actions_total{pool="slow",feature="queue",result="enforced"}';
  await eventually("one waits", async () => (await metric(running, waited)) === 1);
  while (held.length === 0) await new Promise((resolve) => void setImmediate(resolve));
  held[0]?.end("ok");
  await eventually("the other is served", async () => Promise.resolve(held.length === 2));
  held[1]?.end("ok");
  await Promise.all(both);
  const queue = await collector.until("the wait", () => collector.spans.find(({ name }) => name === "queue"));
  const exchange = collector.spans.find(({ spanId }) => spanId === queue.parentSpanId);
  assert.ok(exchange !== undefined && contains(exchange, queue) && queue.endNanos > queue.startNanos);
  assert.equal(queue.kind, 1);
});

test(
  "a caller's decision is followed; traces begun here are sampled by their share",
  { timeout: 60_000 },
  async (t) => {
    const running = await start(t, 0, "share: 0%");
    const { collector, seen } = running;
    await get(running, "/unsampled", { traceparent: `00-${traceId}-${callerSpan}-00` });
    await get(running, "/begun-here");
    await get(running, "/sampled", sampled);
    await collector.until("the sampled one", () => collector.spans.length >= 3);
    assert.deepEqual(
      [...new Set(collector.spans.map(({ attributes }) => attributes.get("url.path")))],
      ["/sampled"],
    );
    assert.match(String(seen[0]?.["traceparent"]), new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  },
);

test(
  "a collector that refuses costs spans, which are counted, and no request",
  { timeout: 60_000 },
  async (t) => {
    const running = await start(t, 0);
    running.collector.status = 400;
    for (let i = 0; i < 5; i++) await get(running, "/");
    await eventually("the loss is counted", async () => {
      return (await metric(running, 'headgate_trace_spans_total{result="failed"}')) >= 10;
    });
    await running.headgate.command.until(/the trace collector does not take spans/);
    running.collector.status = 200;
    await get(running, "/");
    await running.collector.until("spans again", () => running.collector.spans.length >= 2);
  },
);

test("what is held goes out before the program ends", { timeout: 60_000 }, async (t) => {
  const running = await start(t, 2);
  await get(running, "/");
  running.headgate.command.process.kill("SIGTERM");
  await running.collector.until("the last spans", () => running.collector.spans.length >= 3);
});
