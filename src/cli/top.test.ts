import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { startBackend, startHeadgateProcess } from "../../test/support/headgate-process.ts";
import { runCommand } from "../../test/support/command.ts";
import { firstView, keysIn, pressKey } from "./top-keys.ts";
import { topModel, type TopReading } from "./top-model.ts";
import { drawTop, type TopView } from "./top-screen.ts";

type Endpoint = TopReading["pools"][number]["endpoints"][number];

function endpoint(name: string, changes: Partial<Endpoint>): Endpoint {
  return {
    pool: "app",
    name,
    origin: "configuration",
    url: `http://${name}`,
    state: "up",
    setTo: "ready",
    isEligible: true,
    health: null,
    weight: 1,
    configuredWeight: 1,
    isBackup: false,
    zone: null,
    labels: {},
    activeRequests: 2,
    tunnels: 0,
    connections: 3,
    requests: 0,
    responses: { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 },
    failures: 0,
    retries: 0,
    bytesIn: 0,
    bytesOut: 0,
    latencyMs: { p50: 1.5, p99: 20 },
    drain: null,
    ...changes,
  };
}

const health = {
  state: "down",
  reason: "connection refused",
  since: "2026-11-21T03:09:00Z",
  lastProbe: null,
} as const;

function reading(atMs: number, endpoints: readonly Endpoint[]): TopReading {
  const pool = {
    name: "app",
    policy: "round-robin",
    hasProbes: true,
    source: null,
    endpointCount: endpoints.length,
    eligibleCount: 1,
  };
  const status: TopReading["status"] = {
    ...{
      version: "1.2.3",
      pid: 4711,
      phase: "serving",
      started: "",
      uptimeMs: 180_000,
      workers: 2,
      workersServing: 2,
      revision: 7,
    },
    ...{
      source: null,
      isWatched: false,
      lastReload: null,
      reloads: { applied: 0, unchanged: 0, refused: 0 },
    },
    ...{ driftCount: 0, listeners: [], pools: [], drains: [] },
    certificates: { certificates: [], automatic: [] },
    totals: { activeRequests: 4, requests: 0, failures: 0, retries: 0, bytesIn: 0, bytesOut: 0 },
  };
  const column = [null, 10, 20];
  const history = { start: "", stepMs: 1000, requestRate: column, errorRate: [0, 0, 1] };
  return {
    atMs,
    status,
    pools: [{ ...pool, endpoints: [...endpoints] }],
    history: { ...history, active: column, p50Ms: column, p90Ms: column, p99Ms: column },
  };
}

const model = topModel(
  reading(0, [endpoint("b1", {}), endpoint("b2", {}), endpoint("b3", {})]),
  reading(2000, [
    endpoint("b1", { requests: 60 }),
    endpoint("b2", { requests: 20, failures: 4 }),
    endpoint("b3", { state: "down", health }),
  ]),
);

function draw(view: Partial<TopView>, rows = 20, columns = 110): readonly string[] {
  return drawTop(model, { ...firstView, ...view }, { columns, rows, isColored: false }, "").lines;
}

function names(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^b\d/.exec(line)?.[0] ?? []);
}

test("rates are those of the time between two looks, shares those of the pool", () => {
  const [pool] = model.pools;
  assert.deepEqual(
    pool?.endpoints.map(({ name, requestRate, failureRate, share }) => [
      name,
      requestRate,
      failureRate,
      share,
    ]),
    [
      ["b1", 30, 0, 0.75],
      ["b2", 10, 2, 0.25],
      ["b3", 0, 0, 0],
    ],
  );
  assert.equal(pool?.requestRate, 40);
});

test("the picture has the size of the terminal, whatever that is", () => {
  for (const [rows, columns] of [
    [20, 110],
    [6, 30],
    [2, 10],
    [60, 250],
  ] as const) {
    const lines = draw({}, rows, columns);
    assert.equal(lines.length, rows, `${rows} rows`);
    for (const line of lines) assert.ok(line.length <= columns, `${line.length} of ${columns}: ${line}`);
  }
});

test("it shows the whole at the top, then pools with their endpoints and why one is down", () => {
  const text = draw({}).join("\n");
  assert.match(text, /Headgate 1\.2\.3 +pid 4711 +serving for 3 min +revision 7/);
  assert.match(text, /20 requests\/s +1 errors\/s \(5\.0 %\)/);
  assert.match(text, /^app +round-robin +1 of 3 eligible +40\/s/m);
  assert.match(text, /^b1 +up +1 +2 +30 +75 % +0 +1\.5 ms +20 ms/m);
  assert.match(text, /^b3 +down .*connection refused/m);
});

test("a name cannot move the cursor", () => {
  const evil = topModel(null, reading(0, [endpoint("\u001b[2Jx", {})]));
  const { lines } = drawTop(evil, firstView, { columns: 100, rows: 10, isColored: false }, "");
  assert.doesNotMatch(lines.join(""), /\u001b/);
});

test("keys order, filter, choose a pool, scroll and quit", () => {
  const press = (keys: string, view: TopView = firstView): ReturnType<typeof pressKey> => {
    let outcome: ReturnType<typeof pressKey> = view;
    for (const key of keysIn(keys)) {
      if (typeof outcome === "string") return outcome;
      outcome = pressKey(key, outcome, { pools: ["app", "web"], offsetMax: 10, pageLines: 4 });
    }
    return outcome;
  };
  const view = (keys: string): TopView => press(keys) as TopView;
  assert.deepEqual(names(draw(view("s"))), ["b1", "b2", "b3"]);
  assert.deepEqual(names(draw(view("ss"))), ["b2", "b1", "b3"]);
  assert.deepEqual(names(draw(view("e"))), ["b2", "b3"]);
  assert.equal(view("p").pool, "app");
  assert.equal(view("pp").pool, "web");
  assert.equal(view("ppp").pool, null);
  assert.equal(view("jj\u001b[B").offset, 3);
  assert.equal(view("\u001b[6~\u001b[6~\u001b[6~\u001b[A").offset, 9);
  assert.equal(view("Gg").offset, 0);
  assert.equal(view("f").isPaused, true);
  assert.match(draw(view("?")).join("\n"), /only endpoints in trouble/);
  assert.equal(press("q"), "quit");
  assert.equal(press("\u0003"), "quit");
  assert.equal(press("\u001a"), "suspend");
});

test("scrolling stops where the list ends", () => {
  const { offsetMax } = drawTop(model, firstView, { columns: 80, rows: 8, isColored: false }, "");
  const last = draw({ offset: 1000 }, 8, 80);
  assert.ok(offsetMax > 0);
  assert.deepEqual(last, draw({ offset: offsetMax }, 8, 80));
});

const hasScript = spawnSync("script", ["--version"]).error === undefined;
const entry = fileURLToPath(new URL("../../bin/headgate.js", import.meta.url));

test(
  "on a terminal it draws, obeys keys, and gives the terminal back",
  { timeout: 60_000, skip: hasScript ? false : "no `script` to make a terminal" },
  async (t) => {
    const { url } = await startBackend(t, (_request, response) => response.end("ok"));
    const headgate = await startHeadgateProcess(
      t,
      `listeners: [{ address: "127.0.0.1:0" }]\nworkers: 0\npools: { app: { endpoints: [{ url: "${url}", name: b1 }] } }\nadmin: { address: "127.0.0.1:0" }\n`,
    );
    const command = `stty rows 20 cols 90; before=$(stty -g); '${process.execPath}' '${entry}' top --interval 100ms --url ${headgate.adminUrl}; status=$?; [ "$before" = "$(stty -g)" ] && echo "terminal restored, status $status"`;
    const terminal = spawn("script", ["-qec", command, "/dev/null"], {
      env: { ...process.env, TERM: "xterm" },
    });
    t.after(() => void terminal.kill("SIGKILL"));
    let output = "";
    const told: (() => void)[] = [];
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const wake of told.splice(0)) wake();
    });
    const until = async (pattern: RegExp): Promise<void> => {
      const giveUp = AbortSignal.timeout(20_000);
      while (!pattern.test(output)) {
        assert.ok(!giveUp.aborted, `no ${String(pattern)} in ${JSON.stringify(output)}`);
        await new Promise<void>((wake) => {
          told.push(wake);
          giveUp.addEventListener("abort", () => wake(), { once: true });
        });
      }
    };
    await until(/\u001b\[\?1049h[\s\S]*b1 +up/);
    terminal.stdin.write("e");
    await until(/No endpoint is in trouble/);
    terminal.stdin.write("q");
    await until(/\u001b\[\?25h\u001b\[\?1049l[\s\S]*terminal restored, status 0/);
  },
);

test("without a terminal it says so, or prints one picture", { timeout: 60_000 }, async (t) => {
  const { url } = await startBackend(t, (_request, response) => response.end("ok"));
  const headgate = await startHeadgateProcess(
    t,
    `listeners: [{ address: "127.0.0.1:0" }]\nworkers: 0\npools: { app: { endpoints: [{ url: "${url}", name: b1 }] } }\nadmin: { address: "127.0.0.1:0" }\n`,
  );
  const refused = await runCommand(["top", "--url", headgate.adminUrl]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /--once/);
  const once = await runCommand(["top", "--once", "--interval", "50ms", "--url", headgate.adminUrl]);
  assert.equal(once.status, 0);
  assert.match(once.stdout, /^b1 +up/m);
});
