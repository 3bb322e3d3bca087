/**
 * Matches: which requests a route takes. Every member given must hold; `all`, `any`, `not` combine whole
 * matches. What is left out asks nothing and stays absent. How a match decides is routing's business.
 */
import * as z from "zod";
import { field, leaf, oneOrMany, type LeafProblem, type LeafResult } from "./field.ts";
import { choice, flag, text } from "./leaves.ts";
import { cidr, headerName, name, regex, regexProblem } from "./texts.ts";

export interface RegexMatch {
  readonly regex: string;
  readonly flags?: "i" | "";
}
export type HostMatch = string | RegexMatch;
export type PathMatch =
  | string
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly startsWith: string }
  | RegexMatch;
export type ValueMatch =
  | string
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly contains: string }
  | { readonly isPresent: boolean }
  | RegexMatch;

export interface MatchConfig {
  readonly host?: readonly HostMatch[];
  readonly path?: readonly PathMatch[];
  readonly method?: readonly string[];
  readonly header?: Readonly<Record<string, ValueMatch>>;
  readonly query?: Readonly<Record<string, ValueMatch>>;
  readonly cookie?: Readonly<Record<string, ValueMatch>>;
  readonly clientCertificate?: Readonly<Record<string, ValueMatch>>;
  readonly client?: readonly string[];
  readonly listener?: readonly string[];
  readonly isSecure?: boolean;
  readonly all?: readonly MatchConfig[];
  readonly any?: readonly MatchConfig[];
  readonly not?: MatchConfig;
}

/** What users write. `true` and `false` for a value mean present and absent. */
export interface MatchInput {
  host?: HostMatch | HostMatch[];
  path?: PathMatch | PathMatch[];
  method?: string | string[];
  header?: Record<string, boolean | ValueMatch>;
  query?: Record<string, boolean | ValueMatch>;
  cookie?: Record<string, boolean | ValueMatch>;
  clientCertificate?: Record<string, boolean | ValueMatch>;
  client?: string | string[];
  listener?: string | string[];
  isSecure?: boolean;
  all?: MatchInput[];
  any?: MatchInput[];
  not?: MatchInput;
}

const regexObject = z.strictObject({
  regex: field(regex(), "A regular expression in JavaScript's syntax, not anchored by itself."),
  flags: field(z.exactOptional(choice(["i", ""])), "`i` takes upper and lower case as the same."),
});

/** A text whose beginning `~` makes it a regular expression, as in nginx. */
function textOrRegex(allowed: string, read: (input: string) => LeafResult<string>) {
  return leaf<string, string | RegexMatch>({
    parse: (input) => {
      if (typeof input !== "string") return { allowed, isWrongType: true };
      const insensitive = /^~(\*?)\s*(.*)$/s.exec(input);
      if (insensitive === null) return read(input);
      const problem = regexProblem(insensitive[2]!);
      if (problem !== null) return { allowed, reason: problem } satisfies LeafProblem;
      return { value: { regex: insensitive[2]!, ...(insensitive[1] === "*" ? { flags: "i" } : {}) } };
    },
    json: { type: "string" },
  });
}

const allowedHost = "a host such as example.com, *.example.com or { regex: … }";
const hostText = textOrRegex(allowedHost, (input) => {
  if (/^(\*\.)?[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*\.?$|^\[[0-9a-fA-F:.]+\]$|^\*$/.test(input))
    return { value: input };
  if (/:\d+$/.test(input))
    return {
      allowed: allowedHost,
      reason: "a host is matched without its port",
      suggestion: input.replace(/:\d+$/, ""),
    };
  if (/^https?:/.test(input))
    return {
      allowed: allowedHost,
      reason: "a host is not a URL",
      suggestion: input.replace(/^https?:\/\/([^/:]*).*$/, "$1"),
    };
  return { allowed: allowedHost };
});

const allowedPath = "a path such as /exact, /prefix/*, /users/:id or { regex: … }";
const pathText = textOrRegex(allowedPath, (input) => {
  if (!input.startsWith("/") && input !== "*")
    return { allowed: allowedPath, reason: "a path starts with /", suggestion: `/${input}` };
  if (/[?#]/.test(input))
    return {
      allowed: allowedPath,
      reason: "a path has no query; match that with query",
      suggestion: input.replace(/[?#].*$/s, ""),
    };
  return /\s/.test(input) ? { allowed: allowedPath, reason: "a path has no spaces" } : { value: input };
});

const methodName = leaf<string, string>({
  parse: (input) => {
    if (typeof input !== "string") return { allowed: "a method such as GET", isWrongType: true };
    if (/^[!#$%&'*+\-.^_`|~0-9A-Z]+$/.test(input)) return { value: input };
    return {
      allowed: "a method such as GET",
      suggestion: /^[a-zA-Z]+$/.test(input) ? input.toUpperCase() : null,
    };
  },
  json: { type: "string", pattern: "^[A-Z]+$" },
});

const one = <K extends string>(key: K, meaning: string) =>
  z.strictObject({ [key]: field(text(), meaning) } as Record<K, ReturnType<typeof text>>);

/** Objects with one key each: the key picks the spelling, so that a mistake inside gets the right answer. */
const pathObjects = [
  one("exact", "The path itself, without wildcards."),
  one("prefix", "A prefix by whole segments."),
  one("startsWith", "A prefix by characters."),
  regexObject,
] as const;

const valueObjects = [
  one("exact", "The value itself."),
  one("prefix", "How it begins."),
  one("suffix", "How it ends."),
  one("contains", "What occurs in it."),
  z.strictObject({ isPresent: field(flag(), "Whether it is there at all.") }),
  regexObject,
] as const;

const presence = leaf<boolean, { isPresent: boolean }>({
  parse: (input) =>
    typeof input === "boolean"
      ? { value: { isPresent: input } }
      : { allowed: "true or false", isWrongType: true },
  json: { type: "boolean" },
});

const hostSchema = z.union([hostText, regexObject]).meta({ allowed: allowedHost });
const pathSchema = z.union([pathText, ...pathObjects]).meta({ allowed: allowedPath });
const valueText = textOrRegex("a text", (input) => ({ value: input }));
const valueSchema = z.union([valueText, presence, ...valueObjects]).meta({
  allowed:
    "a text, true (present), false (absent), or an object with exact, prefix, suffix, contains or regex",
});

const values = (key: z.ZodType<string, string>) => z.exactOptional(z.record(key, valueSchema));

export const matchSchema: z.ZodType<MatchConfig, MatchInput> = z.strictObject({
  host: field(
    z.exactOptional(oneOrMany(hostSchema)),
    "Host without port: exact, `*.example.com` (any depth below), or `{ regex: … }`. Case does not matter.",
  ),
  path: field(
    z.exactOptional(oneOrMany(pathSchema)),
    "Path: exact (`/login`), prefix (`/api/*`), pattern (`/users/:id`, `/files/*rest`), or `{ regex: … }`.",
  ),
  method: field(z.exactOptional(oneOrMany(methodName)), "Method, in capitals; GET does not include HEAD."),
  header: field(
    values(headerName()),
    "Headers by name: a text, `true` for present, `false` for absent, or `{ prefix: … }`, `{ suffix: … }`, `{ contains: … }`, `{ regex: … }`.",
  ),
  query: field(values(z.string()), "Query parameters by name, as with headers."),
  cookie: field(values(z.string()), "Cookies by name, as with headers."),
  clientCertificate: field(
    values(choice(["subject", "issuer", "san", "serial", "fingerprint", "verify"])),
    "The client's TLS certificate, by part as with headers: `subject`, `issuer` (RFC 2253), `san` (`DNS:a.example, URI:…`), `serial`, `fingerprint`, and `verify` (`SUCCESS`, `NONE`, `FAILED:…`).",
  ),
  client: field(
    z.exactOptional(oneOrMany(cidr())),
    "Client address, as the trusted proxies tell it: networks or addresses.",
  ),
  listener: field(
    z.exactOptional(oneOrMany(name("listener"))),
    "Names of the listeners the request may come from.",
  ),
  isSecure: field(z.exactOptional(flag()), "Whether the client came over TLS."),
  all: field(z.exactOptional(z.array(z.lazy(() => matchSchema))), "Matches that must all hold."),
  any: field(z.exactOptional(z.array(z.lazy(() => matchSchema))), "Matches of which at least one must hold."),
  not: field(z.exactOptional(z.lazy(() => matchSchema)), "A match that must not hold."),
});
