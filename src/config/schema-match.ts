/** Matches: which requests a route takes. Every given part must hold; `and`, `or`, `not` combine whole matches. */
import * as z from "zod";
import { field, leaf, oneOrMany } from "./field.ts";
import { flag } from "./leaves.ts";
import { cidr, headerName, regexProblem } from "./texts.ts";
import type { LeafResult } from "./field.ts";

/** A text that starts with `~` is a regular expression; this gives what the rest must be. */
function orRegex(
  input: string,
  allowed: string,
  read: (text: string) => LeafResult<string>,
): LeafResult<string> {
  if (!input.startsWith("~")) return read(input);
  const problem = regexProblem(input.slice(1).trim());
  return problem === null ? { value: `~${input.slice(1).trim()}` } : { allowed, reason: problem };
}

const allowedHost = "a host such as example.com, *.example.com or ~^shop\\d+\\.";
const allowedPath = "a path such as /exact, /prefix/*, /users/{id} or ~^/v[12]/";

const hostPattern = leaf<string, string>({
  parse: (input) => {
    if (typeof input !== "string") return { allowed: allowedHost, isWrongType: true };
    return orRegex(input, allowedHost, (text) =>
      /^(\*\.)?[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*\.?(\.\*)?$|^\[[0-9a-fA-F:.]+\]$|^\*$/.test(text)
        ? { value: text.toLowerCase() }
        : { allowed: allowedHost, reason: hostReason(text) },
    );
  },
  json: { type: "string" },
});

function hostReason(text: string): string {
  return /:\d+$/.test(text)
    ? "a host is matched without its port"
    : /^https?:/.test(text)
      ? "a host is not a URL"
      : "it is not a host";
}

const pathPattern = leaf<string, string>({
  parse: (input) => {
    if (typeof input !== "string") return { allowed: allowedPath, isWrongType: true };
    return orRegex(input, allowedPath, (text) => {
      if (!text.startsWith("/") && text !== "*")
        return { allowed: allowedPath, reason: "a path starts with /", suggestion: `/${text}` };
      return /[?#\s]/.test(text)
        ? { allowed: allowedPath, reason: "a path has no query; match it with query" }
        : { value: text };
    });
  },
  json: { type: "string", pattern: "^[/~*]" },
});

const method = leaf<string, string>({
  parse: (input) => {
    if (typeof input !== "string") return { allowed: "a method such as GET", isWrongType: true };
    return /^[!#$%&'*+\-.^_`|~0-9A-Z]+$/.test(input)
      ? { value: input }
      : {
          allowed: "a method such as GET",
          suggestion: /^[a-zA-Z]+$/.test(input) ? input.toUpperCase() : null,
        };
  },
  json: { type: "string" },
});

const value = oneOrMany(
  leaf<string, string>({
    parse: (input) => {
      const written = typeof input === "number" ? String(input) : input;
      return typeof written === "string"
        ? orRegex(written, "a text, or ~ and a regular expression", (text) => ({ value: text }))
        : { allowed: "a text, or ~ and a regular expression", isWrongType: true };
    },
    json: { type: ["string", "number"] },
  }),
);

/** true: present · false: absent · texts: one of them. */
const presence = z
  .union([
    leaf<boolean, boolean>({
      parse: (input) =>
        typeof input === "boolean" ? { value: input } : { allowed: "true or false", isWrongType: true },
      json: { type: "boolean" },
    }),
    value,
  ])
  .meta({
    allowed: "a text, a list of texts, ~ and a regular expression, or true or false for present or absent",
  });

/** What a route asks of a request, all defaults filled: an empty list or record asks nothing. */
export interface MatchConfig {
  readonly host: string[];
  readonly path: string[];
  readonly method: string[];
  readonly header: Record<string, boolean | string[]>;
  readonly query: Record<string, boolean | string[]>;
  readonly cookie: Record<string, boolean | string[]>;
  readonly client: string[];
  readonly ignoreCase: boolean;
  readonly and: MatchConfig[];
  readonly or: MatchConfig[];
  readonly not: MatchConfig | null;
}

/** What users write. */
export interface MatchInput {
  host?: string | string[] | undefined;
  path?: string | string[] | undefined;
  method?: string | string[] | undefined;
  header?: Record<string, boolean | string | string[]> | undefined;
  query?: Record<string, boolean | string | string[]> | undefined;
  cookie?: Record<string, boolean | string | string[]> | undefined;
  client?: string | string[] | undefined;
  ignoreCase?: boolean | undefined;
  and?: MatchInput[] | undefined;
  or?: MatchInput[] | undefined;
  not?: MatchInput | null | undefined;
}

export const matchSchema: z.ZodType<MatchConfig, MatchInput> = z.strictObject({
  host: field(
    oneOrMany(hostPattern).prefault([]),
    "Host without port: exact, `*.example.com` (any depth below), or `~` and a regular expression. Case does not matter.",
  ),
  path: field(
    oneOrMany(pathPattern).prefault([]),
    "Path: exact (`/login`), prefix (`/api/*`), pattern (`/users/{id}`, a name for each segment), or `~` and a regular expression.",
  ),
  method: field(oneOrMany(method).prefault([]), "Method; GET does not include HEAD."),
  header: field(
    z.record(headerName(), presence).prefault({}),
    "Headers by name: a text, a list, `~` and a regular expression, `true` for present, `false` for absent.",
  ),
  query: field(z.record(z.string(), presence).prefault({}), "Query parameters by name, as with headers."),
  cookie: field(z.record(z.string(), presence).prefault({}), "Cookies by name, as with headers."),
  client: field(
    oneOrMany(cidr()).prefault([]),
    "Client address, as the trusted proxies tell it: networks or addresses.",
  ),
  ignoreCase: field(flag().prefault(false), "Whether upper and lower case are the same in paths."),
  and: field(z.array(z.lazy(() => matchSchema)).prefault([]), "Further matches that must all hold."),
  or: field(z.array(z.lazy(() => matchSchema)).prefault([]), "Matches of which at least one must hold."),
  not: field(
    z
      .lazy(() => matchSchema)
      .nullable()
      .prefault(null),
    "A match that must not hold.",
  ),
});
