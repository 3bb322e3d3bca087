/**
 * Conditions: everything in a MatchSpec that is not looked up in an index, compiled to tests with words
 * to explain them by.
 */
import { buildCidrSet, cidrFault } from "../core/cidr.ts";
import type { ExchangeFact, RequestFacts } from "../core/template-scope.ts";
import { cookieValue, hasQueryValue, queryValue } from "../core/request-values.ts";
import { canonicalHost, compileHost, describeHost, matchesHost } from "./host-matcher.ts";
import { compilePath, describePath, matchesPath } from "./path-matcher.ts";
import { listOf, type MatchSpec, type ProblemSink, type ValueSpec } from "./route-spec.ts";
import { compileValue } from "./value-matcher.ts";

export interface Condition {
  /** What must hold, as a clause: `method is GET or POST`. Equal for conditions that test alike. */
  readonly text: string;
  /** `path` is the reading to be judged. */
  test(facts: RequestFacts, path: string): boolean;
  /** What the request has instead, for explanations. */
  found(facts: RequestFacts, path: string): string;
  /** Of which single value of the request only these pass; absent when that cannot be said. */
  readonly only?: { readonly subject: string; readonly values: readonly string[] };
}

/** Can no request pass both? True only where it is certain. */
export function isDisjoint(left: readonly Condition[], right: readonly Condition[]): boolean {
  return left.some(({ only: a }) =>
    right.some(
      ({ only: b }) =>
        a !== undefined &&
        b !== undefined &&
        a.subject === b.subject &&
        !a.values.some((value) => b.values.includes(value)),
    ),
  );
}

/** `all`, `any` and `not` within each other. */
const depthMax = 16;

/** The conditions of one level; host and path only where `isTop` is false. */
export function compileConditions(
  match: MatchSpec,
  field: string,
  sink: ProblemSink,
  depth = 0,
): readonly Condition[] {
  if (depth > depthMax) {
    sink.report(field, `conditions stand in each other more than ${depthMax} deep`);
    return [];
  }
  const conditions: Condition[] = depth === 0 ? [] : placeConditions(match, field, sink);
  if (match.method !== undefined) conditions.push(methodCondition(listOf(match.method)));
  for (const kind of ["header", "query", "cookie", "clientCertificate"] as const) {
    for (const [name, spec] of Object.entries(match[kind] ?? {})) {
      conditions.push(valueCondition(kind, name, spec, `${field}.${kind}.${name}`, sink));
    }
  }
  if (match.client !== undefined)
    conditions.push(clientCondition(listOf(match.client), `${field}.client`, sink));
  if (match.listener !== undefined) conditions.push(listenerCondition(listOf(match.listener)));
  if (match.isSecure !== undefined) conditions.push(schemeCondition(match.isSecure));
  for (const [index, part] of (match.all ?? []).entries()) {
    conditions.push(...compileConditions(part, `${field}.all[${index}]`, sink, depth + 1));
  }
  if (match.any !== undefined) conditions.push(anyCondition(match.any, `${field}.any`, sink, depth));
  if (match.not !== undefined)
    conditions.push(negated(compileConditions(match.not, `${field}.not`, sink, depth + 1)));
  return conditions;
}

/** Hosts and paths below the top level. */
function placeConditions(match: MatchSpec, field: string, sink: ProblemSink): Condition[] {
  const conditions: Condition[] = [];
  if (match.host !== undefined) {
    const hosts = listOf(match.host).map((spec, index) => compileHost(spec, `${field}.host[${index}]`, sink));
    conditions.push({
      text: `host is ${orList(hosts.map(describeHost))}`,
      test: (facts) => hosts.some((host) => matchesHost(host, canonicalHost(facts.host))),
      found: (facts) => `it is ${facts.host}`,
    });
  }
  if (match.path !== undefined) {
    const paths = listOf(match.path).map((spec, index) => compilePath(spec, `${field}.path[${index}]`, sink));
    conditions.push({
      text: `path is ${orList(paths.map(describePath))}`,
      test: (_facts, path) => paths.some((matcher) => matchesPath(matcher, path)),
      found: (_facts, path) => `it is ${path}`,
    });
  }
  return conditions;
}

/** Methods are case-sensitive (RFC 9110 §9.1) and GET does not include HEAD. */
function methodCondition(methods: readonly string[]): Condition {
  return {
    text: `method is ${orList(methods.toSorted())}`,
    only: { subject: "method", values: methods },
    test: (facts) => methods.includes(facts.method),
    found: (facts) => `it is ${facts.method}`,
  };
}

const readers = {
  header: (facts: RequestFacts, name: string) => facts.header(name),
  query: (facts: RequestFacts, name: string) => queryValue(facts.query, name),
  cookie: (facts: RequestFacts, name: string) => cookieValue(facts.header("cookie"), name),
  clientCertificate: certificatePart,
} as const;

const certificateFacts: Readonly<Record<string, ExchangeFact>> = {
  subject: "tls.client_subject",
  issuer: "tls.client_issuer",
  san: "tls.client_san",
  serial: "tls.client_serial",
  fingerprint: "tls.client_fingerprint",
  verify: "tls.client_verify",
};

function certificatePart(facts: RequestFacts, name: string): string | undefined {
  const fact = certificateFacts[name];
  const value = fact === undefined ? undefined : facts.fact(fact);
  return value === undefined ? undefined : String(value);
}

/** Of several query parameters of one name, any may pass; values are compared decoded. */
function valueCondition(
  kind: keyof typeof readers,
  givenName: string,
  spec: ValueSpec,
  field: string,
  sink: ProblemSink,
): Condition {
  const name = kind === "header" ? givenName.toLowerCase() : givenName;
  const value = compileValue(spec, field, sink);
  const read = readers[kind];
  return {
    text: `${kind} ${name} ${value.text}`,
    // A query may hold several values of one name, and all are compared.
    ...(value.exact !== null &&
      kind !== "query" && { only: { subject: `${kind} ${name}`, values: [value.exact] } }),
    test(facts) {
      if (kind === "query" && !value.wantsAbsent) return hasQueryValue(facts.query, name, value.passes);
      const found = read(facts, name);
      return found === undefined ? value.wantsAbsent : value.passes(found);
    },
    found(facts) {
      const found = read(facts, name);
      return found === undefined ? "there is none" : `it is "${found}"`;
    },
  };
}

function clientCondition(networks: readonly string[], field: string, sink: ProblemSink): Condition {
  const faults = networks.map(cidrFault);
  for (const [index, fault] of faults.entries()) if (fault !== null) sink.report(`${field}[${index}]`, fault);
  const set = buildCidrSet(networks.filter((_, index) => faults[index] === null));
  return {
    text: `client is in ${orList(networks.toSorted())}`,
    test: (facts) => set.contains(facts.clientAddress),
    found: (facts) => `it is ${facts.clientAddress}`,
  };
}

function listenerCondition(names: readonly string[]): Condition {
  return {
    text: `listener is ${orList(names.toSorted())}`,
    only: { subject: "listener", values: names },
    test: (facts) => names.includes(facts.listener),
    found: (facts) => `it is ${facts.listener}`,
  };
}

function schemeCondition(isSecure: boolean): Condition {
  return {
    text: isSecure ? "scheme is https" : "scheme is http",
    only: { subject: "scheme", values: [String(isSecure)] },
    test: (facts) => facts.isSecure === isSecure,
    found: (facts) => (facts.isSecure ? "it is https" : "it is http"),
  };
}

function anyCondition(
  specs: readonly MatchSpec[],
  field: string,
  sink: ProblemSink,
  depth: number,
): Condition {
  if (specs.length === 0) sink.report(field, "none of no conditions can hold");
  const branches = specs.map((spec, index) => compileConditions(spec, `${field}[${index}]`, sink, depth + 1));
  return {
    text: `any of: ${branches.map((branch) => `(${andList(branch)})`).join(" or ")}`,
    test: (facts, path) =>
      branches.some((branch) => branch.every((condition) => condition.test(facts, path))),
    found: (facts, path) => branches.map((branch) => firstFailure(branch, facts, path)).join("; "),
  };
}

function negated(inner: readonly Condition[]): Condition {
  return {
    text: `not (${andList(inner)})`,
    test: (facts, path) => !inner.every((condition) => condition.test(facts, path)),
    found: () => "all of that holds",
  };
}

/** `method is GET; it is POST` of the first condition that fails; "" when all hold. */
export function firstFailure(conditions: readonly Condition[], facts: RequestFacts, path: string): string {
  const failed = conditions.find((condition) => !condition.test(facts, path));
  return failed === undefined ? "" : `${failed.text}, but ${failed.found(facts, path)}`;
}

export function andList(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? "anything" : conditions.map((condition) => condition.text).join(" and ");
}

function orList(words: readonly string[]): string {
  return words.join(" or ");
}
