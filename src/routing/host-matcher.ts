/**
 * One host as a route names it: any, exact, wildcard or regular expression. Comparing many at once is
 * `host-index.ts`.
 */
import { compileRegex, captureRegex, describeRegex } from "./regex.ts";
import type { HostSpec, ProblemSink } from "./route-spec.ts";

export type HostMatcher =
  | { readonly kind: "exact"; readonly host: string }
  /** `suffix` is `.example.com`; something must stand before it. */
  | { readonly kind: "wildcard"; readonly suffix: string }
  | { readonly kind: "regex"; readonly regex: RegExp }
  | { readonly kind: "any" };

export const anyHost: HostMatcher = { kind: "any" };

export function compileHost(spec: HostSpec, field: string, sink: ProblemSink): HostMatcher {
  if (typeof spec !== "string") return { kind: "regex", regex: compileRegex(spec, field, sink) };
  if (spec === "*") return anyHost;
  const isWildcard = spec.startsWith("*.");
  const name = canonicalHost((isWildcard ? spec.slice(2) : spec).toLowerCase());
  const fault = hostFault(name);
  if (fault !== null) sink.report(field, `"${spec}" ${fault.problem}`, fault.fix(isWildcard ? "*." : ""));
  return isWildcard ? { kind: "wildcard", suffix: `.${name}` } : { kind: "exact", host: name };
}

interface HostFault {
  readonly problem: string;
  readonly fix: (prefix: string) => string | null;
}

function hostFault(name: string): HostFault | null {
  if (/^\[[0-9a-f:.]+\]$/.test(name) || /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.|$))+$/.test(name))
    return null;
  const port = /^(.+):\d+$/.exec(name);
  if (port !== null && !name.includes("::")) {
    return { problem: "has a port; routes match the host alone", fix: (prefix) => `${prefix}${port[1]}` };
  }
  if (/[^\x00-\x7f]/.test(name)) {
    const ascii = URL.parse(`http://${name}/`)?.hostname ?? null;
    return {
      problem: "must be in its ASCII form",
      fix: (prefix) => (ascii === null ? null : prefix + ascii),
    };
  }
  if (name.includes("*")) {
    return {
      problem: "has a wildcard that is not a whole first label; use a regular expression",
      fix: () => null,
    };
  }
  return { problem: "is not a host name", fix: () => null };
}

/** A name with a final dot is the same name (RFC 1034 §3.1). */
export function canonicalHost(host: string): string {
  return host.length > 1 && host.charCodeAt(host.length - 1) === 0x2e ? host.slice(0, -1) : host;
}

/** `host` is canonical. */
export function matchesHost(matcher: HostMatcher, host: string): boolean {
  switch (matcher.kind) {
    case "any":
      return true;
    case "exact":
      return host === matcher.host;
    case "wildcard":
      return host.length > matcher.suffix.length && host.endsWith(matcher.suffix);
    case "regex":
      return matcher.regex.test(host);
  }
}

export function captureHost(matcher: HostMatcher, host: string, captures: Map<string, string>): void {
  if (matcher.kind === "regex") captureRegex(matcher.regex, host, captures);
}

/** The way the user may have written it; equal for hosts that match alike. */
export function describeHost(matcher: HostMatcher): string {
  switch (matcher.kind) {
    case "any":
      return "*";
    case "exact":
      return matcher.host;
    case "wildcard":
      return `*${matcher.suffix}`;
    case "regex":
      return describeRegex(matcher.regex);
  }
}
