/**
 * Puts environment variables into texts: `${env.NAME}`, or `${env.NAME:-default}` for when it is unset
 * or empty. Happens before the schema looks, in every spelling; other `${…}` are templates and stay.
 * `$${env.NAME}` is left alone, as templates leave it.
 */
import type { ConfigIssue, Origin, Path } from "./issue.ts";
import { nearestWord } from "../core/nearest-word.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  readonly value: unknown;
  readonly issues: readonly ConfigIssue[];
  /** Places that were filled from the environment, by `formatPath`, with the variables' names. */
  readonly variables: ReadonlyMap<Path, readonly string[]>;
}

const reference = /(?<!\$)\$\{env\.([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** A copy of `input` with every reference replaced; unset variables without a default are issues. */
export function substituteEnvironment(input: unknown, environment: Environment, origin: Origin): Substituted {
  const issues: ConfigIssue[] = [];
  const variables = new Map<Path, readonly string[]>();
  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") {
      const names: string[] = [];
      const replaced = value.replace(
        reference,
        (_, name: string, fallback: string | undefined, at: number) => {
          names.push(name);
          const found = environment[name];
          if (found !== undefined && (found !== "" || fallback === undefined)) return found;
          if (fallback === undefined) issues.push(unset(name, environment, path, origin, value, at));
          return fallback ?? "";
        },
      );
      if (names.length > 0) variables.set(path, names);
      return replaced;
    }
    if (Array.isArray(value)) return value.map((item: unknown, index) => visit(item, [...path, index]));
    if (typeof value !== "object" || value === null || !isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, visit(inner, [...path, key])]),
    );
  };
  return { value: visit(input, []), issues, variables };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function unset(
  name: string,
  environment: Environment,
  path: Path,
  origin: Origin,
  text: string,
  at: number,
): ConfigIssue {
  const location = origin.locate(path, "value");
  const column =
    location === null ? -1 : location.lineText.indexOf("${env.", location.column - 1 + Math.min(at, 1));
  return {
    severity: "error",
    code: "unset-variable",
    path,
    message: `the environment variable ${name} is not set and has no default`,
    found: text,
    allowed: `a variable that is set, or a default: \${env.${name}:-value}`,
    suggestion: nearestWord(name, Object.keys(environment)),
    location:
      location === null || column < 0
        ? location
        : { ...location, column: column + 1, length: name.length + 7 },
  };
}
