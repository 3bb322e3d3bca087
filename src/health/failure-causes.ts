/** Sorts the system's, TLS's and the HTTP client's error codes into the few causes a probe reports. */
import type { ProbeCause } from "./probe.ts";

export interface FailureCause {
  readonly cause: ProbeCause;
  readonly detail: string;
}

const known: Readonly<Record<string, FailureCause>> = {
  ECONNREFUSED: { cause: "refused", detail: "connection refused" },
  ENOENT: { cause: "refused", detail: "no such unix socket" },
  ECONNRESET: { cause: "reset", detail: "connection reset" },
  EPIPE: { cause: "reset", detail: "connection closed" },
  UND_ERR_SOCKET: { cause: "reset", detail: "connection closed before the answer was complete" },
  ETIMEDOUT: { cause: "timeout", detail: "connection timed out" },
  UND_ERR_CONNECT_TIMEOUT: { cause: "timeout", detail: "connection timed out" },
  EHOSTUNREACH: { cause: "unreachable", detail: "host unreachable" },
  ENETUNREACH: { cause: "unreachable", detail: "network unreachable" },
  EADDRNOTAVAIL: { cause: "unreachable", detail: "no local address or port to connect from" },
  EACCES: { cause: "failed", detail: "permission denied" },
  EMFILE: { cause: "failed", detail: "this process has no file descriptor left" },
  UND_ERR_HEADERS_OVERFLOW: { cause: "bad-response", detail: "response head too large" },
  CERT_HAS_EXPIRED: { cause: "tls", detail: "certificate has expired" },
  DEPTH_ZERO_SELF_SIGNED_CERT: { cause: "tls", detail: "certificate is self-signed" },
  SELF_SIGNED_CERT_IN_CHAIN: { cause: "tls", detail: "certificate chain is self-signed" },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { cause: "tls", detail: "certificate's authority is unknown" },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { cause: "tls", detail: "certificate's authority is unknown" },
  ERR_TLS_CERT_ALTNAME_INVALID: { cause: "tls", detail: "certificate is for another name" },
  EPROTO: { cause: "tls", detail: "TLS handshake failed (does that port speak TLS?)" },
};

/** `code` is what `error.code` held; empty when there was none. */
export function failureFrom(code: string): FailureCause {
  const row = known[code];
  if (row !== undefined) return row;
  if (code.startsWith("HPE_"))
    return { cause: "bad-response", detail: `not a valid HTTP response (${code})` };
  if (/^(?:ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|ERR_OSSL)/.test(code))
    return { cause: "tls", detail: `TLS failed (${code})` };
  return { cause: "failed", detail: code === "" ? "failed" : code };
}

/** The code an error carries, or one inside it (several addresses were tried). */
export function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { code, cause, errors, name } = error as {
    code?: unknown;
    cause?: unknown;
    errors?: unknown;
    name?: unknown;
  };
  if (typeof code === "string") return code;
  // undici's parser does not always say what it met.
  if (name === "HTTPParserError") return "HPE_INVALID";
  return errorCode(Array.isArray(errors) ? errors[0] : cause);
}
