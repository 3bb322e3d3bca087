/**
 * Traffic splits: several pools with weights. A client stays with its pool by cookie, or by the value of a
 * template; otherwise chance decides, with the Random it is given.
 */
import type { Random } from "../core/random.ts";
import { cookieValue } from "../core/request-values.ts";
import { evaluate, type Template } from "../core/template.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import { compileField, type TemplateContext } from "./template-field.ts";

export interface SplitSpec {
  /** Pool → weight; 0 gets nothing new. */
  readonly pools: Readonly<Record<string, number>>;
  /** Template: requests with one value stay together. Null: at random. */
  readonly by: string | null;
  /** Name of the cookie that keeps a client with its pool. */
  readonly cookie: string | null;
}

export interface SplitBranch {
  readonly pool: string;
  /** The branch is chosen for fractions below this and not below its predecessor's. */
  readonly below: number;
  /** What the cookie says; it gives no names away. */
  readonly token: string;
}

export interface Split {
  /** Those with weight, in the order given; the last is below 1. */
  readonly branches: readonly SplitBranch[];
  readonly by: Template | null;
  readonly cookie: string | null;
}

export function compileSplit(spec: SplitSpec, field: string, context: TemplateContext): Split {
  const pools = Object.entries(spec.pools);
  for (const [pool, weight] of pools) {
    if (!Number.isFinite(weight) || weight < 0)
      context.sink.report(`${field}.pools.${pool}`, `the weight ${weight} is not a number from 0 up`);
  }
  const weighted = pools.filter(([, weight]) => weight > 0);
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  if (weighted.length === 0) context.sink.report(`${field}.pools`, "no pool has a weight above 0");
  let sum = 0;
  const branches = weighted.map(([pool, weight], index): SplitBranch => {
    sum += weight;
    // The last takes what rounding left.
    return {
      pool,
      below: index === weighted.length - 1 ? 1 : sum / total,
      token: hashText(pool).toString(16).padStart(8, "0"),
    };
  });
  if (spec.cookie !== null && !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(spec.cookie))
    context.sink.report(`${field}.cookie`, `"${spec.cookie}" is not a cookie's name`);
  const by = spec.by === null ? null : compileField(spec.by, `${field}.by`, "route", context);
  return { branches, by, cookie: spec.cookie };
}

/** The branch for a fraction in [0, 1). */
export function branchAt(split: Split, fraction: number): SplitBranch {
  for (const branch of split.branches) if (fraction < branch.below) return branch;
  return split.branches[split.branches.length - 1]!;
}

/** The branch for a request: by its cookie, else by the template's value unless that is empty, else by chance. */
export function chooseBranch(split: Split, scope: TemplateScope, random: Random): SplitBranch {
  const kept = keptBranch(split, scope);
  if (kept !== null) return kept;
  const key = split.by === null ? "" : evaluate(split.by, scope);
  return branchAt(split, key === "" ? random.next() : hashText(key) / 0x1_0000_0000);
}

/** The Set-Cookie value that keeps the client with `branch`; null when there is none to set. */
export function splitCookie(split: Split, branch: SplitBranch, scope: TemplateScope): string | null {
  if (split.cookie === null || keptBranch(split, scope) === branch) return null;
  return `${split.cookie}=${branch.token}; Path=/; HttpOnly; SameSite=Lax${scope.isSecure ? "; Secure" : ""}`;
}

/** A cookie for a pool that is gone or has no weight keeps nobody. */
function keptBranch(split: Split, scope: TemplateScope): SplitBranch | null {
  if (split.cookie === null) return null;
  const token = cookieValue(scope.header("cookie"), split.cookie);
  return split.branches.find((branch) => branch.token === token) ?? null;
}

/** FNV-1a over the characters, then MurmurHash3's finaliser; unsigned 32 bits. Not for secrets. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
