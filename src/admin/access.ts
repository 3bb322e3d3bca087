/** Who may ask: tokens, and the marks of requests that a browser makes on behalf of another site. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { AdminConfig } from "../config/schema-admin.ts";
import { isLocalName, parseBindAddress } from "../core/address.ts";
import type { Caller, OperationScope } from "./operation.ts";
import { ProblemError } from "./problem.ts";

export interface AskedBy {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly authorization: string | undefined;
}

interface KnownToken {
  readonly digest: Buffer;
  readonly name: string;
  readonly mayWrite: boolean;
}

/** Without tokens only those on this machine are asked in; see `isPrivate`. */
export class Access {
  readonly #tokens: readonly KnownToken[];

  constructor(tokens: AdminConfig["tokens"]) {
    this.#tokens = tokens.map(({ token, name, scope }) => ({
      digest: digestOf(token),
      name,
      mayWrite: scope === "write",
    }));
  }

  /** Throws a ProblemError when the caller may not. */
  check(asked: AskedBy, scope: OperationScope): Caller {
    this.#refuseOtherSites(asked);
    if (this.#tokens.length === 0) return { name: "local", mayWrite: true };
    if (scope === "none") return { name: "local", mayWrite: false };
    const token = tokenIn(asked.authorization);
    const known = this.#find(token);
    if (scope === "write" && !known.mayWrite) {
      throw new ProblemError("scope-too-small", `token ${known.name} has scope read; this needs write`);
    }
    return { name: known.name, mayWrite: known.mayWrite };
  }

  /**
   * A page elsewhere can make a browser on this machine send requests here, and a name it controls can be
   * made to point here. Neither can know a token; without tokens, only plain addresses are believed.
   */
  #refuseOtherSites({ host, origin, fetchSite }: AskedBy): void {
    if (this.#tokens.length === 0 && !isPlainHost(host ?? "")) {
      throw new ProblemError(
        "wrong-host",
        "without tokens, only an IP address or localhost is taken as Host",
      );
    }
    const isSameOrigin = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
    if (!isSameOrigin || fetchSite === "cross-site" || fetchSite === "same-site") {
      throw new ProblemError("cross-site", "the browser says that another site is asking");
    }
  }

  /** Looks at every token, so that the time taken tells nothing. */
  #find(token: string): KnownToken {
    const digest = digestOf(token);
    let found: KnownToken | null = null;
    for (const known of this.#tokens) if (timingSafeEqual(known.digest, digest)) found = known;
    if (found !== null) return found;
    throw new ProblemError(
      "wrong-token",
      "the token is not one of admin.tokens",
      {},
      challenge("invalid_token"),
    );
  }
}

/** Tokens may differ in length; their digests do not, which is what a comparison in constant time needs. */
function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function tokenIn(authorization: string | undefined): string {
  const match = /^Bearer +([\w\-.~+/]+=*) *$/i.exec(authorization ?? "");
  if (match?.[1] !== undefined) return match[1];
  throw new ProblemError("no-token", "send Authorization: Bearer TOKEN", {}, challenge(null));
}

function challenge(error: string | null): Record<string, string> {
  return { "www-authenticate": `Bearer realm="headgate"${error === null ? "" : `, error="${error}"`}` };
}

/** An address or `localhost`, with or without a port. An empty Host comes from a unix socket at most. */
function isPlainHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return (
    name === "localhost" ||
    name === "" ||
    /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) ||
    /^\[[0-9a-f:.]+\]$/.test(name)
  );
}

/** May the API listen here without tokens? */
export function isPrivate(address: string): boolean {
  const parsed = parseBindAddress(address);
  if ("problem" in parsed) return false;
  if (parsed.kind === "unix") return true;
  const { host } = parsed;
  return host !== null && (isLocalName(host) || host === "::1" || host.startsWith("127."));
}
