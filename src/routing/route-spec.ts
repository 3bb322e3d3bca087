/**
 * What a route table is built from. Configuration is lowered into these shapes; nothing here is
 * validated yet.
 */

/** A regular expression in JavaScript's syntax; not anchored by itself. `i` ignores letters' case. */
export interface RegexSpec {
  readonly regex: string;
  readonly flags?: "i" | "";
}

/** `example.com`, `*.example.com` (any depth below, not itself), `*` (any), or a regular expression. */
export type HostSpec = string | RegexSpec;

/**
 * A plain string is exact (`/login`), a prefix by whole segments (`/api/*`: `/api`, `/api/` and all
 * below), a prefix by characters (`/img*`) or a pattern (`/users/:id`, `/users/:id/*rest`).
 * The objects take their text literally: `exact` and `startsWith` know no wildcards.
 */
export type PathSpec =
  | string
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly startsWith: string }
  | RegexSpec;

/** A plain string is the exact value. */
export type ValueSpec =
  | string
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly contains: string }
  | { readonly isPresent: boolean }
  | RegexSpec;

/**
 * Every member given must hold; a list holds when one of its items does. Only `host` and `path` at the
 * top level decide precedence; within `all`, `any` and `not` they are ordinary conditions.
 */
export interface MatchSpec {
  readonly host?: HostSpec | readonly HostSpec[];
  readonly path?: PathSpec | readonly PathSpec[];
  readonly method?: string | readonly string[];
  readonly header?: Readonly<Record<string, ValueSpec>>;
  readonly query?: Readonly<Record<string, ValueSpec>>;
  readonly cookie?: Readonly<Record<string, ValueSpec>>;
  /** What its certificate says, by the part's name: `subject`, `san`. */
  readonly clientCertificate?: Readonly<Record<string, ValueSpec>>;
  /** Networks of the client's address. */
  readonly client?: string | readonly string[];
  /** Names of listeners. */
  readonly listener?: string | readonly string[];
  readonly isSecure?: boolean;
  readonly all?: readonly MatchSpec[];
  readonly any?: readonly MatchSpec[];
  readonly not?: MatchSpec;
}

export interface RouteSpec<T> {
  readonly name: string;
  /** Absent: every request. */
  readonly match?: MatchSpec;
  /** Higher goes first among routes of one host, before the path is compared. Default 0. */
  readonly priority?: number;
  /** False spares the work of extracting captures that nobody reads. Default true. */
  readonly needsCaptures?: boolean;
  /** What the caller wants back on a match. */
  readonly payload: T;
}

/** Something wrong with a route. */
export interface RouteProblem {
  readonly route: string;
  /** Where in the spec: `match.path[1]`, `match.any[0].header.x-id`. */
  readonly field: string;
  /** A sentence without a full stop. */
  readonly problem: string;
  /** The right spelling where one is evident. */
  readonly fix: string | null;
}

/** Where compilers put what they find; one bad member does not hide the next. */
export interface ProblemSink {
  report(field: string, problem: string, fix?: string | null): void;
}

/** A list, one item or nothing, as a list. */
export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
