/** Pools whose endpoints are found while the balancer runs, with records and lists that change under it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { parseConfig } from "../../src/config/parse.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { startLoadBalancer } from "../../src/runtime/load-balancer.ts";
import type { OperatedLoadBalancer } from "../../src/runtime/load-balancer-interface.ts";
import { runCommand } from "../support/command.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { startBackend, startHeadgateProcess } from "../support/headgate-process.ts";
import { ask } from "../support/named-origins.ts";
import { missing } from "../support/peer-program.ts";

type PoolInput = NonNullable<ConfigInput["pools"]>[string];

const skip = missing("dnsmasq");
const service = "_http._tcp.app.example";

/** Origins on one port of several loopback addresses, each answering with its address. */
async function startOrigins(t: TestContext, hosts: readonly string[]): Promise<number> {
  let port = 0;
  for (const host of hosts) {
    const server: Server = createServer((_request, response) => response.end(host)).listen(port, host);
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  return port;
}

interface Bench {
  readonly balancer: OperatedLoadBalancer;
  /** Who answers the next `count` requests. */
  answers(count: number): Promise<readonly string[]>;
  /** `HOST:PORT` without the port. */
  hosts(): readonly string[];
  /** Resolves when that is so. */
  until(isSo: () => boolean): Promise<void>;
}

async function startBench(t: TestContext, pool: PoolInput, workers = 0): Promise<Bench> {
  const result = parseConfig({
    workers,
    listeners: ["127.0.0.1:0"],
    pools: { app: { policy: "round-robin", ...pool } },
  });
  if ("issues" in result) assert.fail(JSON.stringify(result.issues));
  const balancer = startLoadBalancer(result.config);
  t.after(() => balancer.close({ graceMs: 100 }));
  const [address] = await balancer.listen();
  return {
    balancer,
    async answers(count) {
      const bodies: string[] = [];
      for (let i = 0; i < count; i++) bodies.push((await ask(address?.port ?? 0)).body);
      return bodies;
    },
    hosts: () => balancer.config.pools["app"]?.endpoints.map(({ name }) => name.replace(/:\d+$/, "")) ?? [],
    async until(isSo) {
      const giveUp = AbortSignal.timeout(15_000);
      while (!isSo()) {
        assert.equal(giveUp.aborted, false, `in vain: ${JSON.stringify(balancer.sources.readings())}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

/** A source that asks this server, often. */
function dnsSource(server: DnsServer, port: number): NonNullable<PoolInput["source"]> {
  return {
    kind: "dns",
    name: "app.example",
    port,
    servers: [server.address],
    ttlMin: "100ms",
    ttlMax: "100ms",
    timeout: "1s",
  };
}

function addressed(...addresses: readonly string[]) {
  return { addresses: { "app.example": addresses } };
}

for (const workers of [0, 2]) {
  test(`traffic follows DNS with ${workers} workers, and who stays keeps everything`, { skip }, async (t) => {
    const port = await startOrigins(t, ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    await using server = await startDnsServer(addressed("127.0.0.2", "127.0.0.3"));
    const bench = await startBench(t, { source: dnsSource(server, port) }, workers);
    const { balancer } = bench;
    // The first answer is there before the first request.
    assert.deepEqual((await bench.answers(2)).toSorted(), ["127.0.0.2", "127.0.0.3"]);
    const kept = balancer.shared.find("app", `127.0.0.3:${port}`);
    await server.setRecords(addressed("127.0.0.3", "127.0.0.4"));
    await bench.until(() => bench.hosts().join() === "127.0.0.3,127.0.0.4");
    assert.deepEqual([...new Set(await bench.answers(6))].toSorted(), ["127.0.0.3", "127.0.0.4"]);
    assert.equal(balancer.shared.find("app", `127.0.0.3:${port}`)?.state, kept?.state);
    await bench.until(() => (kept?.state.readTotals().requests ?? 0) >= 4);
    // Four requests over the connection of the first.
    if (workers === 0) assert.equal(kept?.state.readTotals().connectionsOpened, 1);
    assert.equal(balancer.changes.revisions.current?.number, 1);
    const events = balancer.events
      .since(0)
      .map(({ kind, endpoint, origin }) => `${kind} ${endpoint} ${origin}`);
    assert.ok(events.includes(`endpoint-added 127.0.0.4:${port} source`), events.join());
    assert.ok(events.includes(`endpoint-removed 127.0.0.2:${port} source`), events.join());
    assert.deepEqual(
      balancer.drains.all.map(({ endpoint, reason }) => `${endpoint} ${reason}`),
      [`127.0.0.2:${port} removed`],
    );
  });
}

test("a DNS server that dies takes nobody out, and is told of until it is back", { skip }, async (t) => {
  const port = await startOrigins(t, ["127.0.0.2", "127.0.0.3"]);
  await using server = await startDnsServer(addressed("127.0.0.2"));
  const bench = await startBench(t, { source: dnsSource(server, port) });
  const { balancer } = bench;
  const metric = (name: string): string =>
    new RegExp(`^headgate_source_${name}\\{pool="app",kind="dns"\\} (.*)$`, "m").exec(
      balancer.observability.metrics({ version: "test" }).body,
    )?.[1] ?? "";
  assert.deepEqual([metric("failing"), metric("endpoints")], ["0", "1"]);
  await server.stop();
  await bench.until(() => balancer.sources.readings()[0]?.state === "failing");
  assert.deepEqual(await bench.answers(2), ["127.0.0.2", "127.0.0.2"]);
  assert.equal(metric("failing"), "1");
  assert.ok(Number(metric("failures_total")) >= 1 && Number(metric("last_success_timestamp_seconds")) > 1e9);
  await server.setRecords(addressed("127.0.0.3"));
  await bench.until(() => bench.hosts().join() === "127.0.0.3");
  assert.deepEqual(await bench.answers(2), ["127.0.0.3", "127.0.0.3"]);
  const kinds = balancer.events.since(0).map(({ kind }) => kind);
  assert.ok(kinds.includes("source-failed") && kinds.includes("source-recovered"), kinds.join());
});

test("an answer without endpoints takes nobody out either, unless that is allowed", { skip }, async (t) => {
  const port = await startOrigins(t, ["127.0.0.2"]);
  await using server = await startDnsServer(addressed("127.0.0.2"));
  const strict = await startBench(t, { source: dnsSource(server, port) });
  const lenient = await startBench(t, { source: { ...dnsSource(server, port), allowEmpty: true } });
  await server.setRecords({});
  await lenient.until(() => lenient.hosts().length === 0);
  await strict.until(() => strict.balancer.sources.readings()[0]?.reason?.includes("no endpoints") === true);
  assert.deepEqual(strict.hosts(), ["127.0.0.2"]);
});

test("services are served by priority, and by weight within one", { skip }, async (t) => {
  const port = await startOrigins(t, ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
  const addresses = { "a.example": ["127.0.0.2"], "b.example": ["127.0.0.3"], "c.example": ["127.0.0.4"] };
  const a = { target: "a.example", port, priority: 10, weight: 30 };
  const b = { target: "b.example", port, priority: 10, weight: 10 };
  const c = { target: "c.example", port, priority: 20, weight: 99 };
  await using server = await startDnsServer({ addresses, services: { [service]: [a, b, c] } });
  const {
    name: _name,
    port: _port,
    ...rest
  } = dnsSource(server, port) as { name: string; port: number } & object;
  const source = { ...rest, kind: "srv", name: service } as NonNullable<PoolInput["source"]>;
  const bench = await startBench(t, { source });
  const count = (answers: readonly string[], host: string): number =>
    answers.filter((one) => one === host).length;
  const answers = await bench.answers(16);
  assert.deepEqual(
    ["127.0.0.2", "127.0.0.3", "127.0.0.4"].map((host) => count(answers, host)),
    [12, 4, 0],
  );
  await server.setRecords({ addresses, services: { [service]: [c] } });
  await bench.until(() => bench.hosts().join() === "127.0.0.4");
  assert.deepEqual(await bench.answers(2), ["127.0.0.4", "127.0.0.4"]);
});

test("an operator sees where endpoints come from, and edits of found ones go on over answers and reloads", async (t) => {
  const { url: one } = await startBackend(t, (_request, response) => response.end("one"));
  const { url: two } = await startBackend(t, (_request, response) => response.end("two"));
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const list = join(folder, "app.yaml");
  const replace = (text: string): void => {
    writeFileSync(`${list}.new`, text);
    renameSync(`${list}.new`, list);
  };
  replace(`- { name: found, url: "${one}" }\n`);
  const text = (via: string) => `via: ${via}
listeners: ["127.0.0.1:0"]
workers: 0
admin: 127.0.0.1:0
pools: { app: { endpoints: [{ name: listed, url: "${two}" }], source: { kind: file, path: "${list}" }, outlier: {} } }
`;
  const headgate = await startHeadgateProcess(t, text("one"));
  const verb = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await runCommand(words, { HEADGATE_ADMIN: headgate.adminUrl });
    assert.equal(status, 0, `${words.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  const api = async (path: string, method = "GET"): Promise<unknown> => {
    const response = await fetch(`${headgate.adminUrl}/v1/${path}`, {
      method,
      ...(method === "POST" ? { body: "{}", headers: { "content-type": "application/json" } } : {}),
    });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response.json();
  };
  const seen = async (): Promise<string[]> => {
    const { endpoints } = (await api("pools/app/endpoints")) as { endpoints: Record<string, string>[] };
    return endpoints.map(({ name, origin, state }) => `${name} ${origin} ${state}`);
  };
  await api("pools/app/endpoints/found/drain", "POST");
  replace(
    `[{ name: found, url: "${one}" }, { name: late, url: "${two}/" }, { name: new, url: "http://127.0.0.9:1" }]`,
  );
  await headgate.command.until(/"added":\["new"\]/);
  headgate.write(text("two"));
  await api("reload", "POST");
  const now = ["listed configuration up", "found source draining", "new source up"];
  assert.deepEqual(await seen(), now);
  assert.match(await verb("endpoints"), /listed +config +up[\s\S]*found +source +draining/);
  // The drain is the one thing that does not stand in the file, and it cannot.
  assert.equal(((await api("config/drift")) as { changes: unknown[] }).changes.length, 1);
  assert.deepEqual(await api("config/persist", "POST"), {
    files: [],
    endpoints: [],
    left: ["app/found"],
  });
  const { revisions } = (await api("revisions")) as { revisions: { number: number }[] };
  assert.deepEqual(
    revisions.map(({ number }) => number),
    [3, 2, 1],
    "start, drain and reload",
  );
  replace("- not a list of endpoints");
  await headgate.command.until(/endpoint source fails/);
  assert.match(await verb("status"), /app +file \S+app\.yaml +FAILING[\s\S]*line 1: endpoints\[0\] is wrong/);
  assert.deepEqual(await seen(), now);
});

test("checking a configuration looks for nothing", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  t.after(() => rmSync(folder, { recursive: true }));
  let asked = 0;
  const { url } = await startBackend(t, (_request, response) => {
    asked++;
    response.end("[]");
  });
  const file = join(folder, "headgate.yaml");
  writeFileSync(
    file,
    `pools: { app: { source: { kind: http, url: "${url}" }, outlier: {} }, b: { source: { kind: file, path: /nowhere }, outlier: {} } }
routes: [{ pool: app, match: { path: /a } }, { pool: b }]
`,
  );
  const { status, stdout, stderr } = await runCommand(["check", file]);
  assert.equal(status, 0, stdout + stderr);
  assert.equal(asked, 0);
});
