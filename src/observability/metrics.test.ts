import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readRepositoryFile, repositoryRoot } from "../../test/support/repository.ts";
import { Histogram } from "../core/histogram.ts";
import { expose, expositionFormatFor } from "./metrics/exposition.ts";
import { counterFamily, gaugeFamily, type MetricFamily } from "./metrics/metric-family.ts";
import { sampleCollectors } from "../../test/support/metric-readings.ts";
import { scrape } from "./metrics.ts";

const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;
const promtool = {
  skip: hasPromtool ? false : "promtool is not installed (Debian's package prometheus has it)",
};

test("promtool finds nothing to complain about in a whole scrape", promtool, () => {
  const { body } = scrape(sampleCollectors(), undefined);
  const check = spawnSync("promtool", ["check", "metrics"], { input: body, encoding: "utf8" });
  assert.equal(check.stderr + check.stdout, "");
  assert.equal(check.status, 0);
});

test("promtool accepts the example's alert rules", promtool, () => {
  execFileSync("promtool", ["check", "rules", `${repositoryRoot}/examples/alert-rules.yml`]);
});

test("every expression of the dashboard is valid PromQL", promtool, () => {
  const expressions = [
    ...readRepositoryFile("examples/grafana-dashboard.json").matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g),
  ];
  const rules = expressions.map((match, index) => ({
    record: `panel_${index}`,
    expr: (JSON.parse(match[1] ?? "") as string)
      .replaceAll("$__rate_interval", "5m")
      .replaceAll(/\$\w+/g, ".+"),
  }));
  assert.ok(rules.length >= 20);
  const folder = mkdtempSync(join(tmpdir(), "headgate-rules-"));
  try {
    // JSON is YAML.
    writeFileSync(join(folder, "rules.yml"), JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    execFileSync("promtool", ["check", "rules", join(folder, "rules.yml")]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the dashboard and the alert rules name only metrics and labels that a scrape has", () => {
  const { body } = scrape(sampleCollectors(), undefined);
  const series = new Set(body.match(/^[a-z_]+/gm));
  // Prometheus adds the instance itself.
  const labels = new Set([...body.matchAll(/([a-z_]+)="/g)].map((match) => match[1])).add("instance");
  for (const path of ["examples/grafana-dashboard.json", "examples/alert-rules.yml"]) {
    const text = readRepositoryFile(path);
    const names = [...new Set(text.match(/\b(?:headgate|process)_[a-z_]+/g))];
    assert.ok(names.length >= 5, path);
    assert.deepEqual(names.filter((name) => !series.has(name)), [], path); // oxfmt-ignore
    const grouped = [...text.matchAll(/by \(([^)]*)\)/g)].flatMap((match) => match[1]?.split(/, */) ?? []);
    assert.deepEqual(grouped.filter((label) => !labels.has(label)), [], path); // oxfmt-ignore
  }
});

const family: MetricFamily = counterFamily("headgate_x_bytes", 'Say "x"\\\n.', [
  { labels: { a: 'q"\\\n', b: "ü" }, value: 1.5 },
  { labels: {}, value: 2 },
]);

test("text is escaped and a counter's family has the suffix where the format wants it", () => {
  assert.equal(
    expose([family], "prometheus"),
    String.raw`# HELP headgate_x_bytes_total Say "x"\\\n.
# TYPE headgate_x_bytes_total counter
headgate_x_bytes_total{a="q\"\\\n",b="ü"} 1.5
headgate_x_bytes_total 2
`,
  );
  assert.equal(
    expose([family], "openmetrics"),
    String.raw`# HELP headgate_x_bytes Say \"x\"\\\n.
# TYPE headgate_x_bytes counter
# UNIT headgate_x_bytes bytes
headgate_x_bytes_total{a="q\"\\\n",b="ü"} 1.5
headgate_x_bytes_total 2
# EOF
`,
  );
});

test("a histogram's buckets are cumulative and end with everything", () => {
  const latency = new Histogram();
  for (const ms of [0.4, 1, 9, 30, 3_600_000]) latency.record(ms);
  const text = expose(
    [
      {
        name: "h_seconds",
        help: "H.",
        type: "histogram",
        samples: [{ labels: { p: "a" }, counts: latency.counts, sumSeconds: 3.6 }],
      },
    ],
    "openmetrics",
  );
  const buckets = [...text.matchAll(/le="([^"]+)"\} (\d+)/g)].map((match) => `${match[1]}:${match[2]}`);
  assert.equal(
    buckets.join(" "),
    "0.0005:1 0.001:2 0.0025:2 0.005:2 0.01:3 0.025:3 0.05:4 0.1:4 0.25:4 0.5:4 1.0:4 2.5:4 5.0:4 10.0:4 30.0:4 60.0:4 +Inf:5",
  );
  assert.match(text, /h_seconds_sum\{p="a"\} 3\.6\nh_seconds_count\{p="a"\} 5\n/);
});

test("families of one name are joined, empty ones left out, odd numbers spelled", () => {
  const gauge = (value: number, a: string): MetricFamily =>
    gaugeFamily("g", "G.", [{ labels: { a }, value }]);
  assert.equal(
    expose(
      [gauge(Number.NaN, "x"), gaugeFamily("none", "N.", []), gauge(Number.POSITIVE_INFINITY, "y")],
      "prometheus",
    ),
    '# HELP g G.\n# TYPE g gauge\ng{a="x"} NaN\ng{a="y"} +Inf\n',
  );
});

test("a family's samples are bounded, and those left out are counted", () => {
  const samples = Array.from({ length: 20_000 }, (_, index) => ({ labels: { i: String(index) }, value: 1 }));
  assert.equal(expose([gaugeFamily("g", "G.", samples)], "prometheus").split("\n").length, 10_000 + 3);
  const { body } = scrape([() => [gaugeFamily("g", "G.", samples)]], undefined);
  assert.match(body, /^headgate_scrape_omitted_samples 10000$/m);
});

for (const [accept, format] of [
  [undefined, "prometheus"],
  ["text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "prometheus"],
  ["application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "openmetrics"],
] as const) {
  test(`Accept: ${accept} gets ${format}`, () => assert.equal(expositionFormatFor(accept), format));
}

test("a collector that throws costs only its own metrics and shows", () => {
  const fail = (): never => {
    throw new Error("no");
  };
  const { body, contentType } = scrape([fail, () => [family]], undefined);
  assert.match(body, /headgate_x_bytes_total 2\n/);
  assert.match(body, /headgate_scrape_failed_collectors 1\n/);
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
});

test("what was counted is what is shown", () => {
  const { body } = scrape(sampleCollectors(), undefined);
  for (const line of [
    'headgate_listener_requests_total{listener="main",class="2xx"} 3',
    'headgate_route_requests_total{route="all",class="2xx"} 3',
    'headgate_pool_requests_total{pool="app",class="2xx"} 3',
    'headgate_listener_refused_heads_total{listener="main"} 1',
    'headgate_failed_exchanges_total{cause="bad-header",source="downstream",stage="read-head"} 1',
    'headgate_pool_request_duration_seconds_bucket{pool="app",le="0.025"} 2',
    'headgate_pool_request_duration_seconds_sum{pool="app"} 0.222',
    'headgate_endpoint_request_duration_seconds_count{pool="app",endpoint="b1"} 8',
    'headgate_endpoint_condition{pool="app",endpoint="b2",condition="down"} 1',
    'headgate_pool_eligible_endpoints{pool="app"} 1',
    'headgate_endpoint_transitions_total{pool="app",endpoint="b1",transition="down"} 0',
    'headgate_endpoint_transitions_total{pool="app",endpoint="b2",transition="down"} 1',
    'headgate_pool_protection_actions_total{pool="app",feature="shed",result="observed"} 2',
    'headgate_rate_limit_verdicts_total{route="all",limit="one",mode="observe",verdict="rejected"} 1',
    'headgate_build_info{version="1.2.3"} 1',
  ]) {
    assert.ok(body.split("\n").includes(line), line);
  }
});
