/**
 * What was changed at run time and does not stand in the file. Edits of endpoints outlive a reload
 * until the file itself says something new about the same thing: an endpoint that somebody drained
 * must not come back because somebody else added a route.
 */
import { type Change, diffConfig } from "../config/diff.ts";
import type { Config } from "../config/schema.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";

/** How an endpoint differs from the file. */
export type EndpointDrift =
  | { readonly kind: "added"; readonly pool: string; readonly endpoint: EndpointConfig }
  | { readonly kind: "removed"; readonly pool: string; readonly endpoint: EndpointConfig }
  | {
      readonly kind: "changed";
      readonly pool: string;
      readonly endpoint: EndpointConfig;
      /** Only the fields that differ. */
      readonly fields: Partial<EndpointConfig>;
    };

export interface Drift {
  readonly changes: readonly Change[];
  /** The changes as edits of endpoints, if they are nothing else; null after a whole new configuration. */
  readonly endpoints: readonly EndpointDrift[] | null;
}

/** How `current` differs from what the file said. */
export function driftOf(file: Config, current: Config): Drift {
  const changes = diffConfig(file, current);
  const endpoints = endpointDrift(file, current);
  const isAll = diffConfig(withEdits(file, endpoints), current).every(({ kind }) => kind === "reordered");
  return { changes, endpoints: isAll ? endpoints : null };
}

/**
 * The file's new content with the run-time edits it leaves standing. `replaced` are those that the
 * file has overtaken.
 */
export function carryDrift(
  before: Config,
  current: Config,
  after: Config,
): {
  readonly config: Config;
  readonly kept: readonly EndpointDrift[];
  readonly replaced: readonly EndpointDrift[];
} {
  const edits = driftOf(before, current).endpoints ?? [];
  const kept = edits.flatMap((edit) => stillStanding(edit, before, after));
  const config = withEdits(after, kept);
  // What the file now says itself, because somebody wrote it there, was not replaced.
  const replaced = edits.filter(
    (edit) =>
      !kept.some((other) => isAbout(other, edit)) &&
      !isSame(endpointIn(config, edit), endpointIn(current, edit)),
  );
  return { config, kept, replaced };
}

/** The same where nothing but endpoints was changed at run time, and without an account of it. */
export function carryEdits(before: Config, current: Config, after: Config): Config {
  return withEdits(
    after,
    endpointDrift(before, current).flatMap((edit) => stillStanding(edit, before, after)),
  );
}

/** The file with the edits of another process, as far as they still mean something. */
export function replayDrift(file: Config, edits: readonly EndpointDrift[]): Config {
  const standing = edits.filter(({ kind, pool, endpoint }) => {
    const filed = byName(file.pools[pool]?.endpoints ?? [], endpoint.name);
    return kind === "added"
      ? file.pools[pool] !== undefined && filed === undefined
      : filed?.url === endpoint.url;
  });
  return withEdits(file, standing);
}

function endpointDrift(file: Config, current: Config): EndpointDrift[] {
  return Object.entries(current.pools).flatMap(([pool, { endpoints }]) => {
    const filed = file.pools[pool]?.endpoints;
    if (filed === undefined) return [];
    const names = new Set(endpoints.map(({ name }) => name));
    const removed = filed
      .filter(({ name }) => !names.has(name))
      .map((endpoint): EndpointDrift => ({ kind: "removed", pool, endpoint }));
    // There may be thousands.
    const filedByName = new Map(filed.map((endpoint) => [endpoint.name, endpoint]));
    return [
      ...removed,
      ...endpoints.flatMap((endpoint) => driftOfOne(pool, filedByName.get(endpoint.name), endpoint)),
    ];
  });
}

function driftOfOne(
  pool: string,
  filed: EndpointConfig | undefined,
  endpoint: EndpointConfig,
): EndpointDrift[] {
  if (filed === undefined) return [{ kind: "added", pool, endpoint }];
  if (filed === endpoint) return [];
  const fields = Object.fromEntries(
    Object.entries(endpoint).filter(([key, value]) => !isSame(value, filed[key as keyof EndpointConfig])),
  );
  return Object.keys(fields).length === 0 ? [] : [{ kind: "changed", pool, endpoint: filed, fields }];
}

function stillStanding(edit: EndpointDrift, before: Config, after: Config): EndpointDrift[] {
  const { pool, endpoint } = edit;
  const old = byName(before.pools[pool]?.endpoints ?? [], endpoint.name);
  const filed = byName(after.pools[pool]?.endpoints ?? [], endpoint.name);
  switch (edit.kind) {
    case "added":
      return filed === undefined && after.pools[pool] !== undefined ? [edit] : [];
    case "removed":
      return filed !== undefined && isSame(filed, old) ? [edit] : [];
    case "changed": {
      if (filed === undefined) return [];
      const fields = Object.fromEntries(
        Object.entries(edit.fields).filter(([key]) => {
          const field = key as keyof EndpointConfig;
          return isSame(old?.[field], filed[field]);
        }),
      );
      return Object.keys(fields).length === 0 ? [] : [{ ...edit, endpoint: filed, fields }];
    }
  }
}

function withEdits(config: Config, edits: readonly EndpointDrift[]): Config {
  if (edits.length === 0) return config;
  const pools = Object.entries(config.pools).map(([name, pool]) => {
    const own = edits.filter((edit) => edit.pool === name);
    return [
      name,
      own.length === 0 ? pool : { ...pool, endpoints: editedEndpoints(pool.endpoints, own) },
    ] as const;
  });
  return { ...config, pools: Object.fromEntries(pools) };
}

function editedEndpoints(
  endpoints: readonly EndpointConfig[],
  edits: readonly EndpointDrift[],
): EndpointConfig[] {
  const left = endpoints.flatMap((endpoint) => {
    const edit = edits.find((other) => other.endpoint.name === endpoint.name);
    if (edit === undefined) return [endpoint];
    return edit.kind === "changed" ? [{ ...endpoint, ...edit.fields }] : [];
  });
  return [...left, ...edits.filter(({ kind }) => kind === "added").map(({ endpoint }) => endpoint)];
}

function endpointIn(config: Config, { pool, endpoint }: EndpointDrift): EndpointConfig | undefined {
  return byName(config.pools[pool]?.endpoints ?? [], endpoint.name);
}

function isAbout(a: EndpointDrift, b: EndpointDrift): boolean {
  return a.kind === b.kind && a.pool === b.pool && a.endpoint.name === b.endpoint.name;
}

function byName(endpoints: readonly EndpointConfig[], name: string): EndpointConfig | undefined {
  return endpoints.find((endpoint) => endpoint.name === name);
}

/** Endpoints are plain data, and both sides come from the same schema. */
function isSame(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || JSON.stringify(a) === JSON.stringify(b);
}
