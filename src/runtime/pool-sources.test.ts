import assert from "node:assert/strict";
import { test } from "node:test";
import { captureLog } from "../../test/support/capture-log.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { parseConfig } from "../config/parse.ts";
import type { Config } from "../config/schema.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import type { SourceConfig } from "../config/schema-source.ts";
import type { EndpointSource, SourceListener } from "../discovery/endpoint-source.ts";
import { PoolSources, type SourceReading } from "./pool-sources.ts";

/** By pool: the path of its file. */
function configOf(paths: Readonly<Record<string, string>>, allowEmpty = false): Config {
  const pools = Object.fromEntries(
    Object.entries(paths).map(([pool, path]) => [
      pool,
      { source: { kind: "file" as const, path, allowEmpty } },
    ]),
  );
  const result = parseConfig({
    pools,
    listeners: [{ address: ":1", protocol: "tcp", pool: Object.keys(paths)[0] }],
  });
  assert("config" in result, JSON.stringify(result));
  return result.config;
}

function endpoints(...urls: readonly string[]): readonly EndpointConfig[] {
  const result = parseConfig({ pools: { app: { endpoints: [...urls] } } });
  assert("config" in result);
  return result.config.pools["app"]?.endpoints ?? [];
}

class Puppet implements EndpointSource {
  listener: SourceListener | null = null;
  isClosed = false;

  start(listener: SourceListener): void {
    this.listener = listener;
  }

  close(): void {
    this.isClosed = true;
  }
}

class Bench {
  readonly clock = new VirtualClock();
  readonly log = captureLog(false);
  /** By path, the latest. */
  readonly puppets = new Map<string, Puppet>();
  readonly news: number[] = [];
  refusal: Error | null = null;
  readonly sources = new PoolSources({
    clock: this.clock,
    log: this.log,
    createSource: (config: SourceConfig) => {
      const puppet = new Puppet();
      this.puppets.set(config.kind === "file" ? config.path : "", puppet);
      return puppet;
    },
    onNews: () => {
      this.news.push(this.clock.nowMs());
      return this.refusal === null ? Promise.resolve() : Promise.reject(this.refusal);
    },
  });

  at(path: string): SourceListener {
    return this.puppets.get(path)?.listener as SourceListener;
  }

  /** Makes a configuration current whose sources find one endpoint each at once. */
  async start(paths: Readonly<Record<string, string>>, allowEmpty = false): Promise<this> {
    const prepared = this.sources.prepare(configOf(paths, allowEmpty));
    for (const path of Object.values(paths)) this.at(path).found(endpoints("http://a:1"));
    (await prepared).commit();
    this.clock.advance(10_000);
    this.news.splice(0);
    return this;
  }

  get reading(): SourceReading {
    return this.sources.readings()[0] as SourceReading;
  }

  get lines(): readonly string[] {
    return this.log.entries.map(({ level, message, fields }) =>
      [level, message, fields["reason"]].filter((part) => part !== undefined).join(": "),
    );
  }
}

test("who prepares waits for the first answer of each new source, good or bad", async () => {
  const bench = new Bench();
  const prepared = bench.sources.prepare(configOf({ app: "a.yaml", other: "b.yaml" }));
  bench.at("a.yaml").found(endpoints("http://a:1"));
  bench.at("b.yaml").failed("gone");
  assert.deepEqual([...(await prepared).found.keys()], ["app"]);
});

test("who is too slow is not waited for longer than five seconds, and that is said", async () => {
  const bench = new Bench();
  const prepared = bench.sources.prepare(configOf({ app: "a.yaml" }));
  bench.clock.advance(5000);
  (await prepared).commit();
  assert.equal(bench.reading.state, "waiting");
  assert.deepEqual(bench.lines, ["warn: endpoint source has not answered yet"]);
  bench.at("a.yaml").found(endpoints("http://a:1"));
  bench.clock.advance(50);
  assert.equal(bench.news.length, 1);
});

test("answers that come together are told together, and at most once in a second", async () => {
  const bench = await new Bench().start({ app: "a.yaml", other: "b.yaml" });
  const from = bench.clock.nowMs();
  bench.at("a.yaml").found(endpoints("http://b:1"));
  bench.at("b.yaml").found(endpoints("http://c:1"));
  for (let turn = 0; turn < 30; turn++) {
    bench.clock.advance(100);
    await Promise.resolve();
    bench.at("a.yaml").found(endpoints(`http://b${turn}:1`));
  }
  assert.deepEqual(
    bench.news.map((at) => at - from),
    [50, 1050, 2050],
  );
});

test("the same answer again is counted and not told", async () => {
  const bench = await new Bench().start({ app: "a.yaml" });
  bench.at("a.yaml").found(endpoints("http://a:1"));
  bench.clock.advance(5000);
  assert.deepEqual([bench.news.length, bench.reading.successes], [0, 2]);
});

test("a source that fails keeps its last good answer, and says so once for each reason", async () => {
  const bench = await new Bench().start({ app: "a.yaml" });
  const goodMs = bench.reading.lastSuccessWallMs;
  for (const reason of ["gone", "gone", "wrong"]) bench.at("a.yaml").failed(reason);
  const { state, reason, failures, lastSuccessWallMs, endpoints: kept } = bench.reading;
  assert.deepEqual([state, reason, failures, lastSuccessWallMs, kept], ["failing", "wrong", 3, goodMs, 1]);
  assert.equal(bench.sources.latest().get("app")?.length, 1);
  bench.at("a.yaml").found(endpoints("http://a:1"));
  assert.deepEqual([bench.reading.state, bench.reading.reason], ["good", null]);
  assert.deepEqual(bench.lines, [
    "warn: endpoint source fails, the last good endpoints stay: gone",
    "warn: endpoint source fails, the last good endpoints stay: wrong",
    "info: endpoint source answers again",
  ]);
});

test("an empty answer is a failure unless it is allowed", async () => {
  const strict = await new Bench().start({ app: "a.yaml" });
  strict.at("a.yaml").found([]);
  assert.match(strict.reading.reason ?? "", /no endpoints/);
  assert.equal(strict.sources.latest().get("app")?.length, 1);
  const lenient = await new Bench().start({ app: "a.yaml" }, true);
  lenient.at("a.yaml").found([]);
  assert.equal(lenient.reading.state, "good");
  assert.deepEqual(lenient.sources.latest().get("app"), []);
});

test("two endpoints of one name spoil an answer", async () => {
  const bench = await new Bench().start({ app: "a.yaml" });
  const [one] = endpoints("http://a:1");
  bench.at("a.yaml").found([one as EndpointConfig, one as EndpointConfig]);
  assert.match(bench.reading.reason ?? "", /two endpoints are called a:1/);
});

test("what cannot be used is said, and tried again", async () => {
  const bench = await new Bench().start({ app: "a.yaml" });
  bench.refusal = new Error("no");
  bench.at("a.yaml").found(endpoints("http://b:1"));
  bench.clock.advance(50);
  await new Promise(setImmediate);
  assert.match(bench.lines[0] ?? "", /found endpoints cannot be used/);
  bench.refusal = null;
  bench.clock.advance(5000);
  assert.equal(bench.news.length, 2);
});

test("another configuration keeps the sources it has, closes others, and starts what is new", async () => {
  const bench = await new Bench().start({ app: "a.yaml", other: "b.yaml" });
  const [kept, left] = [bench.puppets.get("a.yaml"), bench.puppets.get("b.yaml")];
  const prepared = bench.sources.prepare(configOf({ app: "a.yaml", other: "c.yaml" }));
  bench.at("c.yaml").failed("gone");
  const next = await prepared;
  assert.deepEqual([left?.isClosed, bench.sources.latest().has("other")], [false, true]);
  next.commit();
  assert.equal(bench.puppets.get("a.yaml"), kept);
  assert.deepEqual([kept?.isClosed, left?.isClosed], [false, true]);
});

test("a configuration that is refused leaves the sources as they were", async () => {
  const bench = await new Bench().start({ app: "a.yaml" });
  const prepared = bench.sources.prepare(configOf({ app: "c.yaml" }));
  bench.at("c.yaml").found(endpoints("http://z:1"));
  (await prepared).abandon();
  assert.deepEqual(
    [bench.puppets.get("c.yaml")?.isClosed, bench.puppets.get("a.yaml")?.isClosed],
    [true, false],
  );
  assert.deepEqual(
    bench.sources
      .latest()
      .get("app")
      ?.map(({ name }) => name),
    ["a:1"],
  );
});

test("closed, nothing is left running", async () => {
  const bench = await new Bench().start({ app: "a.yaml" });
  bench.at("a.yaml").found(endpoints("http://b:1"));
  bench.sources.close();
  assert.deepEqual([bench.puppets.get("a.yaml")?.isClosed, bench.clock.pendingCount], [true, 0]);
});
