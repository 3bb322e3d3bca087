import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { ConfigChanges } from "./config-changes.ts";
import { withEndpoint, withEndpointState, withEndpointWeight, withoutEndpoint } from "./endpoint-edits.ts";
import {
  type ChangeOrigin,
  RevisionConflictError,
  type Revision,
  UnknownRevisionError,
} from "./revisions.ts";

const byApi: ChangeOrigin = { way: "api", by: "tester" };

function configOf(input: ConfigInput): Config {
  const result = parseConfig(input);
  if ("issues" in result) throw new Error(JSON.stringify(result.issues));
  return result.config;
}

const first = configOf({ pools: { app: { endpoints: ["http://127.0.0.1:1", "http://127.0.0.1:2"] } } });

class Bench {
  readonly made: Config[] = [];
  readonly told: Revision[] = [];
  refusal: Error | null = null;
  readonly changes = new ConfigChanges({
    clock: new VirtualClock(),
    makeCurrent: async (config) => {
      await Promise.resolve();
      if (this.refusal !== null) throw this.refusal;
      this.made.push(config);
    },
    onChanged: (revision) => void this.told.push(revision),
  });

  get weights(): readonly number[] {
    return (this.changes.revisions.current?.config.pools["app"]?.endpoints ?? []).map(({ weight }) => weight);
  }

  set(name: string, weight: number, expected?: number): Promise<Revision> {
    const options = { origin: byApi, expected: expected ?? null };
    return this.changes.change(
      (current) => withEndpointWeight(current as Config, "app", name, weight),
      options,
    );
  }
}

async function started(): Promise<Bench> {
  const bench = new Bench();
  await bench.changes.change(() => first, { origin: { way: "start", by: null } });
  return bench;
}

test("changes made at the same moment follow one another and none is lost", async () => {
  const bench = await started();
  await Promise.all([bench.set("127.0.0.1:1", 5), bench.set("127.0.0.1:2", 7)]);
  assert.deepEqual(bench.weights, [5, 7]);
  assert.deepEqual(
    bench.changes.revisions.all.map(({ number, origin, changes }) => [number, origin.way, changes.length]),
    [
      [3, "api", 1],
      [2, "api", 1],
      [1, "start", 0],
    ],
  );
});

test("a change that expects another revision is refused and changes nothing", async () => {
  const bench = await started();
  await bench.set("127.0.0.1:1", 5, 1);
  await assert.rejects(bench.set("127.0.0.1:1", 9, 1), (error) => {
    assert(error instanceof RevisionConflictError);
    return error.current === 2 && error.expected === 1;
  });
  assert.deepEqual(bench.weights, [5, 1]);
});

test("a change that cannot be made current makes no revision, and the next one works", async () => {
  const bench = await started();
  bench.refusal = new Error("no such port");
  await assert.rejects(bench.set("127.0.0.1:1", 5), /no such port/);
  bench.refusal = null;
  assert.equal((await bench.set("127.0.0.1:2", 7)).number, 2);
  assert.deepEqual(bench.weights, [1, 7]);
  assert.equal(bench.told.length, 2);
});

test("the same configuration again is applied, for files may have changed, but is no new revision", async () => {
  const bench = await started();
  await bench.changes.change(() => structuredClone(first), { origin: byApi });
  assert.equal(bench.made.length, 2);
  assert.equal(bench.changes.revisions.current?.number, 1);
});

test("each rollback undoes one change more, and a numbered one goes there", async () => {
  const bench = await started();
  await bench.set("127.0.0.1:1", 2);
  await bench.set("127.0.0.1:1", 3);
  const back = (to: number | null = null): Promise<Revision> =>
    bench.changes.rollback(to, { origin: { way: "rollback", by: "tester" } });
  assert.equal((await back()).restores, 2);
  assert.deepEqual(bench.weights, [2, 1]);
  assert.equal((await back()).restores, 1);
  assert.deepEqual(bench.weights, [1, 1]);
  await assert.rejects(back(), UnknownRevisionError);
  await back(3);
  assert.deepEqual(bench.weights, [3, 1]);
  await assert.rejects(back(99), /revision 99 is not kept; kept are 1 to 6/);
});

test("edits of endpoints leave the other endpoints and pools alone", () => {
  const added = withEndpoint(first, "app", { url: "http://127.0.0.1:3", weight: 4 });
  const names = (config: Config): string[] => (config.pools["app"]?.endpoints ?? []).map(({ name }) => name);
  assert.deepEqual(names(added), ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]);
  assert.deepEqual(names(withoutEndpoint(added, "app", "127.0.0.1:1")), ["127.0.0.1:2", "127.0.0.1:3"]);
  const drained = withEndpointState(added, "app", "127.0.0.1:2", "draining");
  assert.deepEqual(
    drained.pools["app"]?.endpoints.map(({ state }) => state),
    ["ready", "draining", "ready"],
  );
  assert.deepEqual({ ...drained, pools: {} }, { ...added, pools: {} });
});

test("edits name what they do not know", () => {
  for (const [edit, pattern] of [
    [() => withEndpoint(first, "api", "http://127.0.0.1:3"), /no pool is called api/],
    [() => withEndpoint(first, "app", "http://127.0.0.1:1"), /already has an endpoint 127\.0\.0\.1:1/],
    [() => withEndpoint(first, "app", "ftp://127.0.0.1:1"), /ftp/],
    [() => withoutEndpoint(first, "app", "b9"), /pool app has no endpoint b9/],
    [() => withEndpointWeight(first, "app", "127.0.0.1:1", -1), /weight/],
    [() => withEndpointState(first, "app", "b9", "draining"), /pool app has no endpoint b9/],
  ] as const) {
    assert.throws(edit, pattern);
  }
});
