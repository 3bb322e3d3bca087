import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse.ts";
import type { Config } from "../config/schema.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import type { Change } from "../config/diff.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { ConfigChanges } from "./config-changes.ts";
import { withEndpoint, withEndpointState, withEndpointWeight, withoutEndpoint } from "./endpoint-edits.ts";
import { type FoundSets, withFound, withoutFound } from "./found-endpoints.ts";
import type { ChangeOrigin } from "./revisions.ts";

const byApi: ChangeOrigin = { way: "api", by: "ann" };

function configOf(listed: readonly string[], hasSource = true, via = "headgate"): Config {
  const source = hasSource ? { kind: "file", path: "app.yaml" } : null;
  const result = parseConfig({ via, pools: { app: { endpoints: listed, source } } });
  assert("config" in result);
  return result.config;
}

type Written = string | { readonly url: string; readonly weight?: number; readonly name?: string };

function found(...endpoints: readonly Written[]): FoundSets {
  const result = parseConfig({ pools: { app: { endpoints: [...endpoints] } } });
  assert("config" in result);
  return new Map([["app", result.config.pools["app"]?.endpoints ?? []]]);
}

function endpointsOf(config: Config | undefined): readonly EndpointConfig[] {
  return config?.pools["app"]?.endpoints ?? [];
}

/** `a:1`, `+b:1` when found, with what is not as usual behind. */
function seen(config: Config | undefined): string[] {
  return endpointsOf(config).map(({ name, isFound, weight, state }) =>
    [
      isFound === true ? "+" : "",
      name,
      weight === 1 ? "" : ` ${weight}`,
      state === "ready" ? "" : ` ${state}`,
    ].join(""),
  );
}

/** A configuration in force whose source says what a test says. */
class Bench {
  readonly applied: string[] = [];
  readonly told: (readonly Change[])[] = [];
  refusal: Error | null = null;
  first: FoundSets = new Map();
  readonly changes = new ConfigChanges({
    clock: new VirtualClock(),
    makeCurrent: (config, extent) => {
      if (this.refusal !== null) return Promise.reject(this.refusal);
      this.applied.push(`${extent}: ${seen(config).join(", ")}`);
      return Promise.resolve();
    },
    onChanged() {},
    sources: {
      prepare: () => Promise.resolve({ found: this.first, commit() {}, abandon() {} }),
      onFound: (changes) => void this.told.push(changes),
    },
  });

  async start(listed: readonly string[], first: FoundSets): Promise<this> {
    this.first = first;
    await this.changes.replace(configOf(listed), { origin: { way: "start", by: null } });
    this.first = new Map();
    return this;
  }

  async find(sets: FoundSets): Promise<string[]> {
    await this.changes.takeFound(() => sets);
    return this.now;
  }

  async edit(next: (config: Config) => Config): Promise<string[]> {
    await this.changes.change((current) => next(current as Config), { origin: byApi });
    return this.now;
  }

  get now(): string[] {
    return seen(this.changes.revisions.current?.config);
  }

  get revision(): number | undefined {
    return this.changes.revisions.current?.number;
  }
}

test("a pool has what it lists, then what was found; who is both, by name or URL, is listed", () => {
  const listed = configOf(["http://a:1", "http://b:1"]);
  const config = withFound(listed, found("http://c:1", "http://b:1", { url: "http://a:1", name: "other" }));
  assert.deepEqual(seen(config), ["a:1", "b:1", "+c:1"]);
  assert.deepEqual(withoutFound(config), listed);
});

test("a pool without a source has nothing that was found, and nothing changes for nothing", () => {
  const config = configOf(["http://a:1"], false);
  assert.equal(withFound(config, found("http://c:1")), config);
  assert.equal(withoutFound(config), config);
});

test("what is found comes and goes without a revision; the same answer again is not applied", async () => {
  const bench = await new Bench().start(["http://a:1"], found("http://b:1"));
  assert.deepEqual(bench.now, ["a:1", "+b:1"]);
  assert.deepEqual(await bench.find(found("http://b:1", "http://c:1")), ["a:1", "+b:1", "+c:1"]);
  assert.deepEqual(await bench.find(found("http://b:1", "http://c:1")), ["a:1", "+b:1", "+c:1"]);
  assert.deepEqual(await bench.find(found("http://c:1")), ["a:1", "+c:1"]);
  assert.equal(bench.revision, 1);
  assert.deepEqual(bench.applied, ["whole: a:1, +b:1", "endpoints: a:1, +b:1, +c:1", "endpoints: a:1, +c:1"]);
  assert.deepEqual(
    bench.told.flat().map(({ kind, path }) => `${kind} ${String(path.at(-1))}`),
    ["added c:1", "removed b:1"],
  );
});

test("an edit of a found endpoint outlives answers until the source says something new about it", async () => {
  const bench = await new Bench().start([], found("http://b:1", { url: "http://c:1", weight: 2 }));
  await bench.edit((config) => withEndpointState(config, "app", "b:1", "draining"));
  await bench.edit((config) => withEndpointWeight(config, "app", "c:1", 9));
  const news = found("http://b:1", { url: "http://c:1", weight: 2 }, "http://d:1");
  assert.deepEqual(await bench.find(news), ["+b:1 draining", "+c:1 9", "+d:1"]);
  const other = found("http://b:1", { url: "http://c:1", weight: 4 }, "http://d:1");
  assert.deepEqual(await bench.find(other), ["+b:1 draining", "+c:1 4", "+d:1"]);
  assert.deepEqual(await bench.find(found("http://c:1")), ["+c:1"]);
  // It was forgotten with the endpoint.
  assert.deepEqual(await bench.find(found("http://b:1")), ["+b:1"]);
});

test("a found endpoint that was removed by hand stays away as long as the source names it", async () => {
  const bench = await new Bench().start([], found("http://b:1", "http://c:1"));
  assert.deepEqual(await bench.edit((config) => withoutEndpoint(config, "app", "b:1")), ["+c:1"]);
  assert.deepEqual(await bench.find(found("http://b:1", "http://c:1", "http://d:1")), ["+c:1", "+d:1"]);
  await bench.find(found("http://c:1"));
  assert.deepEqual(await bench.find(found("http://b:1", "http://c:1")), ["+b:1", "+c:1"]);
});

test("an endpoint added by hand stays whatever is found, and is the source's once it names it", async () => {
  const bench = await new Bench().start([], found("http://b:1"));
  await bench.edit((config) => withEndpoint(config, "app", { url: "http://m:1", weight: 5 }));
  assert.deepEqual((await bench.find(found("http://c:1"))).toSorted(), ["+c:1", "m:1 5"]);
  assert.deepEqual((await bench.find(found("http://c:1", "http://m:1"))).toSorted(), ["+c:1", "m:1 5"]);
});

test("a configuration put in place as a whole keeps what sources have found, and takes it away with the source", async () => {
  const bench = await new Bench().start(["http://a:1"], found("http://b:1"));
  await bench.changes.replace(configOf(["http://z:1"]), { origin: byApi });
  assert.deepEqual(bench.now, ["z:1", "+b:1"]);
  await bench.changes.replace(configOf(["http://z:1"], false), { origin: byApi });
  assert.deepEqual(bench.now, ["z:1"]);
  await bench.changes.replace(configOf(["http://z:1"]), { origin: byApi });
  assert.deepEqual(bench.now, ["z:1"], "what an earlier source found is forgotten");
});

test("going back to a revision brings its edits, on what sources have found by now", async () => {
  const bench = await new Bench().start([], found("http://b:1", "http://c:1"));
  await bench.edit((config) => withEndpointState(config, "app", "b:1", "draining"));
  await bench.edit((config) => ({ ...config, via: "other" }));
  await bench.edit((config) => withEndpointState(config, "app", "b:1", "ready"));
  await bench.find(found("http://b:1", "http://d:1"));
  await bench.changes.rollback(3, { origin: byApi });
  assert.deepEqual(bench.now, ["+b:1 draining", "+d:1"]);
});

test("what cannot be made current changes nothing, and is taken over when it can", async () => {
  const bench = await new Bench().start([], found("http://b:1"));
  bench.refusal = new Error("a worker is not there");
  await assert.rejects(bench.find(found("http://c:1")), /not there/);
  assert.deepEqual(bench.now, ["+b:1"]);
  bench.refusal = null;
  assert.deepEqual(await bench.find(found("http://c:1")), ["+c:1"]);
});
