/** The metrics of a running Headgate: what they count, that Prometheus' own tool accepts them, what a reload does. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { readRepositoryFile } from "../support/repository.ts";
import { type HeadgateProcess, startBackend, startHeadgateProcess } from "../support/headgate-process.ts";

const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;
const noPromtool = hasPromtool ? false : "promtool is not installed (Debian's package prometheus has it)";

function configFor(url: string, workers: number, extra = ""): string {
  return `listeners: [{ name: main, address: "127.0.0.1:0" }]
workers: ${workers}
pools: { app: { endpoints: [{ url: "${url}", name: b1 }] } }
routes:
  - { name: api, match: { path: /api/* }, pool: app }
  - { name: rest, respond: { status: 404 } }
accessLog: { path: /dev/null, format: common }
admin: { address: "127.0.0.1:0" }
${extra}`;
}

async function start(
  t: TestContext,
  workers: number,
): Promise<{ headgate: HeadgateProcess; backend: string }> {
  const { url } = await startBackend(t, (request, response) => {
    response.statusCode = request.url === "/api/bad" ? 500 : 200;
    response.end("hello");
  });
  return { headgate: await startHeadgateProcess(t, configFor(url, workers)), backend: url };
}

async function scrape({ adminUrl }: HeadgateProcess, accept = "text/plain"): Promise<string> {
  const response = await fetch(`${adminUrl}/metrics`, { headers: { accept } });
  assert.equal(response.status, 200);
  return response.text();
}

async function get(headgate: HeadgateProcess, path: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const response = await fetch(headgate.url + path, { headers: { connection: "close" } });
    await response.text();
  }
}

/** Of the series with these labels, in any order. */
function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  for (const line of text.split("\n")) {
    const [, series = "", inner = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (series !== name) continue;
    const isIt = Object.entries(labels).every(([key, label]) =>
      inner.split(",").includes(`${key}="${label}"`),
    );
    if (isIt) return Number(value);
  }
  throw new Error(`no ${name} ${JSON.stringify(labels)} in\n${text}`);
}

for (const workers of [0, 2]) {
  test(
    `requests, causes, phases and refused heads are counted (workers ${workers})`,
    { timeout: 60_000 },
    async (t) => {
      const { headgate } = await start(t, workers);
      await get(headgate, "/api/good", 7);
      await get(headgate, "/api/bad", 2);
      await get(headgate, "/other", 3);
      const socket = connect(headgate.port, "127.0.0.1").resume();
      socket.end("GET / HTTP/1.1\r\n\r\n");
      await once(socket, "close");
      const text = await scrape(headgate);

      assert.equal(valueOf(text, "headgate_listener_requests_total", { listener: "main", class: "2xx" }), 7);
      assert.equal(valueOf(text, "headgate_route_requests_total", { route: "rest", class: "4xx" }), 3);
      assert.equal(valueOf(text, "headgate_pool_requests_total", { pool: "app", class: "5xx" }), 2);
      assert.equal(valueOf(text, "headgate_endpoint_requests_total", { endpoint: "b1" }), 9);
      assert.equal(valueOf(text, "headgate_pool_response_body_bytes_total", { pool: "app" }), 45);
      assert.equal(valueOf(text, "headgate_pool_request_duration_seconds_count", { pool: "app" }), 9);
      assert.equal(valueOf(text, "headgate_pool_first_byte_duration_seconds_count", { pool: "app" }), 9);
      assert.ok(valueOf(text, "headgate_pool_connect_duration_seconds_count", { pool: "app" }) >= 1);
      assert.equal(valueOf(text, "headgate_listener_refused_heads_total", { listener: "main" }), 1);
      assert.equal(valueOf(text, "headgate_failed_exchanges_total", { cause: "bad-host" }), 1);
      assert.equal(valueOf(text, "headgate_config_revision"), 1);
      assert.ok(valueOf(text, "headgate_worker_heap_bytes", { worker: "0" }) > 1_000_000);
      assert.ok(valueOf(text, "process_resident_memory_bytes") > 10_000_000);
      assert.equal(valueOf(text, "headgate_scrape_failed_collectors"), 0);
    },
  );
}

test(
  "promtool finds nothing wrong with a scrape of a running Headgate",
  { skip: noPromtool, timeout: 60_000 },
  async (t) => {
    const { headgate } = await start(t, 2);
    await get(headgate, "/api/good", 2);
    const check = spawnSync("promtool", ["check", "metrics"], {
      input: await scrape(headgate),
      encoding: "utf8",
    });
    assert.deepEqual([check.status, check.stderr + check.stdout], [0, ""]);
    assert.match(await scrape(headgate, "application/openmetrics-text; version=1.0.0"), /# EOF\n$/);
  },
);

test("a reload keeps the counts of what stays, and its result is counted", { timeout: 60_000 }, async (t) => {
  const { headgate, backend } = await start(t, 2);
  await get(headgate, "/api/good", 4);
  headgate.write(configFor(backend, 2, "via: other\n"));
  const reload = async (): Promise<number> => {
    const json = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
    return (await fetch(`${headgate.adminUrl}/v1/reload`, json)).status;
  };
  assert.equal(await reload(), 200);
  await get(headgate, "/api/good", 3);
  const after = await scrape(headgate);
  assert.equal(valueOf(after, "headgate_route_requests_total", { route: "api", class: "2xx" }), 7);
  assert.equal(valueOf(after, "headgate_config_revision"), 2);
  assert.equal(valueOf(after, "headgate_config_last_reload_applied"), 1);

  headgate.write("pools: { app: { policy: fastest } }");
  assert.equal(await reload(), 422);
  const refused = await scrape(headgate);
  assert.equal(valueOf(refused, "headgate_config_reloads_total", { result: "rejected" }), 1);
  assert.equal(valueOf(refused, "headgate_config_last_reload_applied"), 0);
});

/** Families that a scrape has only where something of their kind is configured or has happened. */
const occasional = new Set([
  "headgate_certificate_expiry_timestamp_seconds",
  "headgate_alert_messages_total",
  "headgate_listener_protection_actions_total",
  "headgate_rate_limit_verdicts_total",
  "headgate_route_protection_actions_total",
]);

test(
  "the documentation, the dashboard and the alert rules name what a scrape has",
  { timeout: 60_000 },
  async (t) => {
    const { headgate } = await start(t, 1);
    await get(headgate, "/api/good", 1);
    const families = [...(await scrape(headgate)).matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name);
    const known = new Set([...families, ...occasional]);
    const isKnown = (name: string): boolean =>
      known.has(name) || known.has(name.replace(/_(?:bucket|sum|count)$/, ""));
    for (const path of [
      "docs/observability.md",
      "examples/grafana-dashboard.json",
      "examples/alert-rules.yml",
    ]) {
      const names = new Set(readRepositoryFile(path).match(/\b(?:headgate|process)_[a-z_]+/g));
      assert.deepEqual([...names].filter((name) => !isKnown(name)), [], path); // oxfmt-ignore
    }
    const documented = readRepositoryFile("docs/observability.md");
    assert.deepEqual(families.filter((name) => !documented.includes(`\`${name}\``)), []); // oxfmt-ignore
  },
);
