/** Errors of the API: `application/problem+json` (RFC 9457) with a code that stays. */
import type { AdminDocument } from "../config/admin-documents.ts";
import { ConfigError } from "../runtime/config-error.ts";
import { ListenError } from "../runtime/data-plane-link.ts";
import { TakenNameError, UnknownNameError } from "../runtime/endpoint-edits.ts";
import { SketchError } from "../runtime/hypothetical-request.ts";
import { PersistError } from "../runtime/persist.ts";
import { RevisionConflictError, UnknownRevisionError } from "../runtime/revisions.ts";
import { issueDocument } from "./documents/changes.ts";

type Problem = AdminDocument<"Problem">;

const titles = {
  "bad-json": [400, "The body is not valid JSON"],
  "bad-request": [400, "The request is not as the operation takes it"],
  "no-token": [401, "A bearer token is needed"],
  "wrong-token": [401, "The token is not known"],
  "scope-too-small": [403, "The token may read, but not change anything"],
  "wrong-host": [403, "The Host is not one this API answers to"],
  "cross-site": [403, "Requests from other sites are not answered"],
  "unknown-name": [404, "There is nothing of that name"],
  "unknown-revision": [404, "That revision is not kept"],
  "no-such-operation": [404, "There is no such operation"],
  "method-not-allowed": [405, "The resource does not know that method"],
  "name-taken": [409, "The name is in use"],
  "no-source": [409, "The configuration came from no file"],
  "not-persistable": [409, "These changes cannot be written to the file"],
  "cannot-listen": [409, "A listener could not be bound"],
  "wrong-revision": [412, "The configuration has changed meanwhile"],
  "too-many-viewers": [429, "As many follow as may"],
  "body-too-large": [413, "The body is too large"],
  "wrong-media-type": [415, "The body's media type is not taken"],
  "invalid-config": [422, "The configuration has errors"],
  "unusable-certificate": [422, "A certificate cannot be used; the old ones stay"],
  "authority-refused": [502, "The authority did not do it"],
  "internal-error": [500, "Something went wrong here"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof titles;

/** All codes with their statuses, for the published document. */
export const problemCodes: Readonly<Record<ProblemCode, readonly [number, string]>> = titles;

export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    more: Partial<Problem> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    const [status, title] = titles[code];
    this.problem = { type: "about:blank", title, status, code, detail, ...more };
    this.headers = headers;
  }
}

/** What an error of the inner layers means to a client; null for faults of ours. */
export function problemOf(error: unknown): ProblemError | null {
  if (error instanceof ProblemError) return error;
  if (error instanceof UnknownNameError) return new ProblemError("unknown-name", error.message);
  if (error instanceof TakenNameError) return new ProblemError("name-taken", error.message);
  if (error instanceof UnknownRevisionError) return new ProblemError("unknown-revision", error.message);
  if (error instanceof SketchError) return new ProblemError("bad-request", error.message);
  if (error instanceof PersistError) return new ProblemError("not-persistable", error.message);
  if (error instanceof ListenError) return new ProblemError("cannot-listen", error.message);
  if (error instanceof RevisionConflictError) {
    return new ProblemError("wrong-revision", error.message, { currentRevision: error.current });
  }
  if (error instanceof ConfigError) {
    return new ProblemError("invalid-config", error.message, { issues: error.issues.map(issueDocument) });
  }
  return null;
}

export function problemResponse({ problem, headers }: ProblemError): Response {
  return new Response(`${JSON.stringify(problem)}\n`, {
    status: problem.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}
