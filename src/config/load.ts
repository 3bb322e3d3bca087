/**
 * Loads a configuration file in any spelling, with what it includes, and parses it. Problems of every
 * file are reported together. It watches nothing and keeps nothing.
 */
import { dirname, extname, isAbsolute, join } from "node:path";
import { substituteEnvironment } from "./environment.ts";
import { joinParts, type Part } from "./include.ts";
import type { ConfigIssue, Origin, Path } from "./issue.ts";
import { parseConfig } from "./parse.ts";
import type { ConfigReader } from "./reader.ts";
import { readModule } from "./read-module.ts";
import { readYaml, type ReadSource } from "./read-yaml.ts";
import type { Config } from "./schema.ts";

interface Loaded {
  /** Every file that was read, whether or not it could be; for watching. */
  readonly files: readonly string[];
  readonly origin: Origin;
}

export interface LoadedConfig extends Loaded {
  readonly config: Config;
  readonly warnings: readonly ConfigIssue[];
  /** What the user wrote, all files joined and variables filled in. */
  readonly input: unknown;
  /** Places filled from the environment, with the variables' names. */
  readonly variables: ReadonlyMap<Path, readonly string[]>;
}

export type LoadResult = LoadedConfig | (Loaded & { readonly issues: readonly ConfigIssue[] });

/** Files included by one another; deeper is a loop or a mistake. */
const includesMax = 256;

/** Loads `path`. Never rejects for what the file says or for its absence: those are issues. */
export async function loadConfigFile(path: string, reader: ConfigReader): Promise<LoadResult> {
  const loading = new Loading(reader);
  await loading.add(path, null);
  const joined = joinParts(loading.parts);
  const issues = [...loading.issues, ...joined.issues];
  const context = { files: loading.allFiles, origin: joined.origin };
  if (loading.isBroken) return { ...context, issues };
  const substituted = substituteEnvironment(joined.value, reader.environment, joined.origin);
  issues.push(...substituted.issues);
  const unset = substituted.issues.map((issue) => issue.path);
  const result = parseConfig(substituted.value, joined.origin, unset);
  const found = "issues" in result ? result.issues : result.warnings;
  if ("issues" in result || issues.length > 0) return { ...context, issues: [...issues, ...found] };
  return {
    ...context,
    config: result.config,
    warnings: result.warnings,
    input: substituted.value,
    variables: substituted.variables,
  };
}

/** Where a file was asked for, to point at when it cannot be had. */
interface AskedAt {
  readonly origin: Origin;
  readonly path: Path;
}

/** One load: the parts found so far and what was wrong with them. */
class Loading {
  readonly parts: Part[] = [];
  readonly files: string[] = [];
  /** What those that are modules import. */
  readonly #modules: string[] = [];
  readonly issues: ConfigIssue[] = [];
  /** A file could not be read at all, so the schema would only report what is missing because of it. */
  isBroken = false;
  readonly #reader: ConfigReader;

  constructor(reader: ConfigReader) {
    this.#reader = reader;
  }

  get allFiles(): readonly string[] {
    return [...this.files, ...this.#modules];
  }

  async add(path: string, askedAt: AskedAt | null): Promise<void> {
    if (this.files.includes(path)) return;
    if (this.files.length >= includesMax)
      return this.#broken(`more than ${includesMax} files are included`, askedAt, path);
    this.files.push(path);
    const source = await this.#read(path, askedAt);
    if (source === null) return;
    this.issues.push(...source.issues);
    if (source.issues.length > 0) this.isBroken = true;
    const { include, rest } = takeInclude(source.value);
    this.parts.push({ value: rest, origin: source.origin });
    for (const [index, pattern] of include.entries()) {
      const at: AskedAt = {
        path: isList(source.value) ? ["include", index] : ["include"],
        origin: source.origin,
      };
      if (typeof pattern !== "string") this.#broken("include is a path or a list of paths", at, path);
      else await this.#addMatching(isAbsolute(pattern) ? pattern : join(dirname(path), pattern), at);
    }
  }

  /** A pattern has `*` in its last part only; no match at all is fine there, as in an empty folder. */
  async #addMatching(pattern: string, askedAt: AskedAt): Promise<void> {
    const name = pattern.slice(pattern.lastIndexOf("/") + 1);
    if (!name.includes("*")) return this.add(pattern, askedAt);
    const matcher = new RegExp(`^${name.split("*").map(escapeRegex).join(".*")}$`);
    try {
      const names = await this.#reader.list(dirname(pattern));
      for (const found of names.filter((candidate) => matcher.test(candidate)).toSorted())
        await this.add(join(dirname(pattern), found), askedAt);
    } catch (error) {
      this.#broken(reasonOf(error), askedAt, dirname(pattern));
    }
  }

  async #read(path: string, askedAt: AskedAt | null): Promise<ReadSource | null> {
    try {
      const extension = extname(path);
      if (/^\.[cm]?[jt]s$/.test(extension)) return readModule(path, await this.#importModule(path));
      return readYaml(path, await this.#reader.readText(path), extension === ".json");
    } catch (error) {
      this.#broken(reasonOf(error), askedAt, path);
      return null;
    }
  }

  async #importModule(path: string): Promise<unknown> {
    try {
      return await this.#reader.importModule(path);
    } finally {
      this.#modules.push(...this.#reader.filesBehindModule(path));
    }
  }

  #broken(reason: string, askedAt: AskedAt | null, path: string): void {
    this.isBroken = true;
    const location = askedAt?.origin.locate(askedAt.path, "value") ?? {
      source: path,
      line: 0,
      column: 0,
      length: 0,
      lineText: "",
    };
    this.issues.push({
      severity: "error",
      code: "unreadable",
      path: [],
      message: `${path}: ${reason}`,
      found: null,
      allowed: null,
      suggestion: null,
      location,
    });
  }
}

/** Takes out what is not for the schema: `include`, and keys that begin with `x-`, which are the user's own. */
function takeInclude(value: unknown): { include: readonly unknown[]; rest: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { include: [], rest: value };
  const { include = [], ...rest } = value as Record<string, unknown>;
  const own = Object.entries(rest).filter(([key]) => !key.startsWith("x-"));
  return { include: Array.isArray(include) ? include : [include], rest: Object.fromEntries(own) };
}

function isList(value: unknown): boolean {
  return typeof value === "object" && value !== null && "include" in value && Array.isArray(value.include);
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "the file may not be read by this user",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
};

function reasonOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
