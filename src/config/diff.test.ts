import assert from "node:assert/strict";
import { test } from "node:test";
import type * as z from "zod";
import { readEverything } from "../../test/support/everything.ts";
import { diffConfig, renderDiff, type Change } from "./diff.ts";
import { formatPath, type Path, type PathStep } from "./issue.ts";
import { configSchema, type Config } from "./schema.ts";
import { describe, fieldsOf, stepInto, type Described } from "./schema-walk.ts";

const { config: everything } = readEverything();

/** Fields that are taken away before a Config is finished. */
const notInConfig = new Set(["$schema", "include.*"]);

/** Every field of the schema as a pattern, `pools.*.endpoints.*.url`; recursion is followed once. */
function schemaFields(described: Described, path: string, open: readonly unknown[]): string[] {
  const { shape } = described;
  if (shape.kind === "leaf") return [path];
  if (shape.kind === "record") return schemaFields(describe(shape.value), `${path}.*`, open);
  if (shape.kind === "list") return schemaFields(describe(shape.item), `${path}.*`, open);
  const identity = shape.kind === "object" ? shape.fields : shape.options;
  if (open.includes(identity)) return [path];
  return Object.entries(fieldsOf(shape)).flatMap(([key, schema]: [string, z.core.$ZodType]) =>
    schemaFields(describe(schema), path === "" ? key : `${path}.${key}`, [...open, identity]),
  );
}

interface Leaf {
  readonly path: Path;
  /** The same with names in place of the numbers of named entries, as the diff writes it. */
  readonly named: Path;
}

/** Every value of the configuration that holds no further ones. */
function leavesOf(value: unknown, described: Described | null, path: Path, named: Path): Leaf[] {
  const isNested = typeof value === "object" && value !== null && described?.notes.valueKind === undefined;
  if (!isNested || Object.keys(value).length === 0) return [{ path, named }];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const step = Array.isArray(value) ? Number(key) : key;
    const identity = described?.notes.identity;
    const name = identity === undefined ? step : String((inner as Record<string, unknown>)[identity]);
    return leavesOf(
      inner,
      described === null ? null : stepInto(described.shape, step),
      [...path, step],
      [...named, name],
    );
  });
}

const leaves = leavesOf(everything, describe(configSchema), [], []);

test("the configuration that sets everything has a value for every field of the schema", () => {
  const set = new Set(leaves.map(({ path }) => path));
  const written = [...set].map((path) => path.map(String));
  const missing = schemaFields(describe(configSchema), "", [])
    .filter((field) => !notInConfig.has(field))
    .filter((field) => !written.some((path) => isBelow(path, field.split("."))));
  assert.deepEqual(missing, []);
});

function isBelow(path: readonly string[], pattern: readonly string[]): boolean {
  return pattern.every((step, index) => step === "*" || step === path[index]);
}

test("the diff notices a change of any single value, at its place or around it", () => {
  assert.ok(leaves.length > 250, `only ${leaves.length} values`);
  for (const { path, named } of leaves) {
    const mutant: Config = structuredClone<Config>(everything);
    mutate(mutant, path);
    const changes = diffConfig(everything, mutant);
    const places = changes.map((change) => formatPath(change.path));
    const isSeen = changes.length > 0 && changes.every((change) => isAround(change, named));
    assert.ok(isSeen, `${formatPath(named)} changed, the diff says ${JSON.stringify(places)}`);
  }
});

function isAround(change: Change, named: Path): boolean {
  const isRenamed =
    change.kind === "added" && change.path.slice(0, -1).every((step, index) => step === named[index]);
  return isRenamed || change.path.every((step, index) => step === named[index]);
}

function mutate(root: unknown, path: Path): void {
  let holder = root as Record<PathStep, unknown>;
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<PathStep, unknown>;
  const last = path.at(-1) ?? "";
  holder[last] = other(holder[last]);
}

function other(value: unknown): unknown {
  if (typeof value === "number") return value === Infinity ? 1 : value + 1;
  if (typeof value === "string") return `${value}x`;
  if (typeof value === "boolean") return !value;
  if (value === null) return 7;
  if (Array.isArray(value)) return [...(value as unknown[]), "more"];
  return { ...(value as object), more: 1 };
}

test("a configuration does not differ from itself read again", () => {
  assert.deepEqual(diffConfig(everything, readEverything().config), []);
});

test("entries are compared by name, so that moving one is no other change", () => {
  const moved = structuredClone(everything) as { listeners: unknown[] } & Config;
  moved.listeners.reverse();
  const changes = diffConfig(everything, moved);
  assert.deepEqual(
    changes.map(({ kind, path }) => [kind, formatPath(path)]),
    [["reordered", "listeners"]],
  );
});

test("the diff says what a reload would drop", () => {
  const after = structuredClone(everything) as unknown as {
    workers: number;
    listeners: { address: string }[];
    pools: Record<
      string,
      { endpoints: unknown[]; tls: { serverName: string }; timeouts: { connect: number } }
    >;
    routes: unknown[];
  };
  after.workers = 8;
  after.listeners[0]!.address = ":9090";
  after.pools["app"]!.endpoints.shift();
  after.pools["app"]!.tls.serverName = "other.example.com";
  after.pools["app"]!.timeouts.connect = 3000;
  after.routes.pop();
  assert.equal(
    renderDiff(diffConfig(everything, after as unknown as Config)),
    `~ workers: 4 → 8
    takes effect only when the program is started again
~ listeners.public.address: [::]:8080 → :9090
    the listener is bound anew; connections to the old address are drained and closed
- pools.app.endpoints.first
    it drains: requests in flight finish, idle connections are closed
~ pools.app.tls.serverName: app.example.com → other.example.com
    pooled connections are replaced; requests in flight finish
~ pools.app.timeouts.connect: 2s → 3s
- routes.default
    requests in flight and upgraded connections finish by themselves
`,
  );
});

test("secrets do not stand in a diff", () => {
  const after = structuredClone(everything) as unknown as { admin: { tokens: { token: string }[] } };
  after.admin.tokens[0]!.token = "another-very-secret-token";
  const text = renderDiff(diffConfig(everything, after as unknown as Config));
  assert.ok(!text.includes("secret-token") && !text.includes("scrypt:"), text);
});

test("functions are the same only if they are the same function", () => {
  const withPolicy = (create: () => object): Config => {
    const copy = structuredClone(everything) as unknown as { pools: Record<string, { policy: unknown }> };
    copy.pools["app"]!.policy = { name: "custom", create };
    return copy as unknown as Config;
  };
  const one = (): object => ({});
  const two = (): object => ({});
  assert.equal(diffConfig(withPolicy(one), withPolicy(one)).length, 0);
  assert.equal(diffConfig(withPolicy(one), withPolicy(two)).length, 1);
});
