/**
 * Basic authentication (RFC 7617). Slow hashes are computed off the thread and their successes remembered,
 * so that a logged-in client costs one HMAC per request and a guesser cannot stall the others.
 */
import { createHmac, randomBytes } from "node:crypto";
import { parsePasswordHash, passwordHashFault, verifyPassword, type PasswordHash } from "./password-hash.ts";
import type { ProblemSink } from "./route-spec.ts";

export interface BasicAuthSpec {
  readonly realm: string;
  /** User → password hash, see `password-hash.ts`. */
  readonly users: Readonly<Record<string, string>>;
}

export type AuthVerdict =
  | { readonly kind: "granted"; readonly user: string }
  /** Answer 401 with the challenge. */
  | { readonly kind: "refused" }
  /** Too many verifications under way; answer 503. */
  | { readonly kind: "busy" };

const refused: AuthVerdict = { kind: "refused" };
const busy: AuthVerdict = { kind: "busy" };
const rememberedMax = 10_000;
/** Slow verifications under way in one worker for one route. */
const pendingMax = 16;
const credentialsBytesMax = 4096;

export class BasicAuth {
  /** The value of WWW-Authenticate. */
  readonly challenge: string;
  readonly #users = new Map<string, PasswordHash>();
  /** Stands in for users who do not exist, so that they take as long to refuse. */
  readonly #stranger: PasswordHash;
  /** Of credentials that were right, under a key of this process; never the credentials themselves. */
  readonly #remembered = new Map<string, AuthVerdict>();
  readonly #secret = randomBytes(32);
  #pending = 0;

  /** Reports bad hashes; their users are never let in. */
  constructor(spec: BasicAuthSpec, field: string, sink: ProblemSink) {
    this.challenge = `Basic realm="${spec.realm.replaceAll(/[^\x20-\x7e]/g, "").replaceAll(/["\\]/g, "\\$&")}", charset="UTF-8"`;
    for (const [user, text] of Object.entries(spec.users)) {
      const hash = parsePasswordHash(text);
      if (typeof hash !== "string") this.#users.set(user, hash);
      else sink.report(`${field}.users.${user}`, passwordHashFault(text) ?? hash);
      if (user.includes(":"))
        sink.report(`${field}.users`, `the user "${user}" has a colon, which cannot be sent`);
    }
    const kinds = [...this.#users.values()].map(({ kind }) => kind);
    this.#stranger = {
      kind: kinds.includes("scrypt") ? "scrypt" : "sha256",
      salt: randomBytes(16),
      key: randomBytes(32),
    };
  }

  /**
   * Judges an Authorization header. Calls back before it returns when the answer is known or quick, else
   * later, exactly once.
   */
  check(authorization: string | undefined, done: (verdict: AuthVerdict) => void): void {
    const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? "")?.[1];
    if (encoded === undefined || encoded.length > credentialsBytesMax) return done(refused);
    const mark = createHmac("sha256", this.#secret).update(encoded).digest("base64");
    const known = this.#remembered.get(mark);
    if (known !== undefined) return done(known);
    const credentials = Buffer.from(encoded, "base64").toString("utf8");
    const colon = credentials.indexOf(":");
    if (colon === -1) return done(refused);
    const user = credentials.slice(0, colon);
    const hash = this.#users.get(user) ?? this.#stranger;
    if (hash.kind === "scrypt" && this.#pending >= pendingMax) return done(busy);
    this.#pending++;
    verifyPassword(hash, credentials.slice(colon + 1), (isRight) => {
      this.#pending--;
      done(isRight && hash !== this.#stranger ? this.#remember(mark, user) : refused);
    });
  }

  #remember(mark: string, user: string): AuthVerdict {
    const verdict: AuthVerdict = { kind: "granted", user };
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    this.#remembered.set(mark, verdict);
    return verdict;
  }
}
