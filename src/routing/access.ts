/** Who may come in, by address: a denied network is refused even if allowed; with a list of allowed ones, all others are. */
import { buildCidrSet, cidrFault, type CidrSet } from "../core/cidr.ts";
import type { ProblemSink } from "./route-spec.ts";

export interface AccessSpec {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export interface Access {
  /** Null: everybody who is not denied. */
  readonly allow: CidrSet | null;
  readonly deny: CidrSet | null;
}

export function compileAccess(spec: AccessSpec, field: string, sink: ProblemSink): Access {
  return {
    allow: setOf(spec.allow, `${field}.allow`, sink),
    deny: setOf(spec.deny, `${field}.deny`, sink),
  };
}

function setOf(networks: readonly string[], field: string, sink: ProblemSink): CidrSet | null {
  const faults = networks.map(cidrFault);
  for (const [index, fault] of faults.entries()) if (fault !== null) sink.report(`${field}[${index}]`, fault);
  return networks.length === 0 ? null : buildCidrSet(networks.filter((_, index) => faults[index] === null));
}

export function mayEnter(access: Access, clientAddress: string): boolean {
  if (access.deny?.contains(clientAddress) === true) return false;
  return access.allow === null || access.allow.contains(clientAddress);
}
