/**
 * Joins a file with the files it includes. Lists (listeners, routes) are put one after the other; named
 * things (pools, rate limits) come together; anything said twice is an issue that names both places.
 */
import type { ConfigIssue, Origin, Path, PathStep } from "./issue.ts";
import { formatPath } from "./issue.ts";

export interface Part {
  readonly value: unknown;
  readonly origin: Origin;
}

export interface Joined extends Part {
  readonly issues: readonly ConfigIssue[];
}

/** Where an entry of the joined value came from. */
interface Source {
  readonly origin: Origin;
  /** The same place in its own file. */
  readonly path: Path;
}

/** Joins in the order given; the first is the file the user named. */
export function joinParts(parts: readonly Part[]): Joined {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return { ...only, issues: [] };
  const joined: Record<string, unknown> = {};
  const sources = new Map<string, Source>();
  const issues: ConfigIssue[] = [];
  for (const part of parts) {
    if (typeof part.value !== "object" || part.value === null) continue;
    for (const [key, value] of Object.entries(part.value)) {
      if (key === "$schema" && Object.hasOwn(joined, key)) continue;
      addEntry(joined, sources, issues, part.origin, key, value);
    }
  }
  return {
    value: joined,
    origin: joinedOrigin(parts[0]?.origin.name ?? "the configuration", sources),
    issues,
  };
}

function addEntry(
  joined: Record<string, unknown>,
  sources: Map<string, Source>,
  issues: ConfigIssue[],
  origin: Origin,
  key: string,
  value: unknown,
): void {
  const there = joined[key];
  const isNew = !Object.hasOwn(joined, key);
  if (Array.isArray(value) && (isNew || Array.isArray(there))) {
    const list = (there ?? []) as unknown[];
    value.forEach((item: unknown, index) => {
      sources.set(formatPath([key, list.length]), { origin, path: [key, index] });
      list.push(item);
    });
    joined[key] = list;
  } else if (isNamed(key) && isSection(value) && (isNew || isSection(there))) {
    const section = (there ?? {}) as Record<string, unknown>;
    for (const [name, entry] of Object.entries(value)) {
      if (Object.hasOwn(section, name)) issues.push(saidTwice([key, name], origin, sources));
      else {
        section[name] = entry;
        sources.set(formatPath([key, name]), { origin, path: [key, name] });
      }
    }
    joined[key] = section;
  } else if (isNew) {
    joined[key] = value;
    sources.set(formatPath([key]), { origin, path: [key] });
  } else issues.push(saidTwice([key], origin, sources));
}

function isNamed(key: string): boolean {
  return key === "pools" || key === "rateLimits";
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function saidTwice(path: Path, origin: Origin, sources: ReadonlyMap<string, Source>): ConfigIssue {
  const first = sources.get(formatPath(path));
  const place = first?.origin.locate(first.path, "key");
  const where =
    place === undefined || place === null
      ? (first?.origin.name ?? "another file")
      : `${place.source}:${place.line}`;
  return {
    severity: "error",
    code: "said-twice",
    path,
    message: `${formatPath(path)} is already in ${where}`,
    found: null,
    allowed: null,
    suggestion: null,
    location: origin.locate(path, "key"),
  };
}

function joinedOrigin(name: string, sources: ReadonlyMap<string, Source>): Origin {
  return {
    name,
    locate(path, part) {
      for (let depth = Math.min(2, path.length); depth > 0; depth--) {
        const source = sources.get(formatPath(path.slice(0, depth)));
        if (source === undefined) continue;
        const rest: readonly PathStep[] = path.slice(depth);
        return source.origin.locate([...source.path, ...rest], part);
      }
      return null;
    },
  };
}
