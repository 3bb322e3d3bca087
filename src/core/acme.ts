/**
 * The seam of automatic certificates: what the control plane asks of an ACME client (RFC 8555), and what
 * listeners answer while an authority looks whether a name is ours. `platform/` talks to the authority.
 */
import type { KeyPair } from "./tls.ts";

export type AcmeChallengeKind = "http-01" | "tls-alpn-01";

/** What must be found under a name while it is validated. Plain data: it is posted to worker threads. */
export type AcmeAnswer =
  /** RFC 8555 §8.3: the text under `/.well-known/acme-challenge/TOKEN`. */
  | {
      readonly kind: "http-01";
      readonly name: string;
      readonly token: string;
      readonly keyAuthorization: string;
    }
  /** RFC 8737: the certificate for clients that offer `acme-tls/1` and nothing else. */
  | { readonly kind: "tls-alpn-01"; readonly name: string; readonly pair: KeyPair };

export interface AcmeAccount {
  readonly directoryUrl: string;
  /** Null: the authority cannot warn anybody. */
  readonly email: string | null;
  /** Authorities that the ACME server's own certificate may come from; null for the system's. */
  readonly caPem: string | null;
  /** RFC 8555 §7.3.4; the key is base64url. */
  readonly externalAccount: { readonly keyId: string; readonly key: string } | null;
}

/** Where keys are kept; readable by their owner only. */
export interface PrivateStore {
  /** For messages. */
  readonly folder: string;
  /** Null when there is no such file. */
  read(name: string): string | null;
  /** Whole or not at all. */
  write(name: string, text: string): void;
  remove(name: string): void;
  /** Names of files that begin so. */
  list(prefix: string): readonly string[];
}

export interface CertificateRequest {
  readonly name: string;
  readonly keyKind: "ecdsa" | "rsa";
  readonly challenge: AcmeChallengeKind;
  /** The certificate that the new one takes the place of; null for the first one. */
  readonly replacesPem: string | null;
  /** Resolves when every listener answers so. */
  publish(answer: AcmeAnswer): Promise<void>;
  withdraw(answer: AcmeAnswer): void;
}

/** When the authority wishes a certificate to be renewed (RFC 9773). */
export interface RenewalWindow {
  readonly startWallMs: number;
  readonly endWallMs: number;
}

/** One account at one authority. Every call has a time limit and rejects with an AcmeError. */
export interface AcmeIssuer {
  issue(request: CertificateRequest): Promise<KeyPair>;
  revoke(certificatePem: string): Promise<void>;
  /** Null when the authority has no opinion. */
  renewalWindow(certificatePem: string): Promise<RenewalWindow | null>;
  close(): void;
}

export type AcmeIssuerFactory = (account: AcmeAccount, store: PrivateStore) => AcmeIssuer;

/** `unreachable`: no answer; `rate-limited`: not now; `refused`: the authority says no, or found no proof. */
export type AcmeFault = "unreachable" | "rate-limited" | "refused" | "failed";

export class AcmeError extends Error {
  override readonly name = "AcmeError";
  readonly fault: AcmeFault;
  /** How long the authority wants to be left alone; null when it did not say. */
  readonly retryAfterMs: number | null;
  /** The type of the authority's problem document, `accountDoesNotExist`; "" when there was none. */
  readonly problem: string;

  constructor(fault: AcmeFault, message: string, retryAfterMs: number | null = null, problem = "") {
    super(message);
    this.fault = fault;
    this.retryAfterMs = retryAfterMs;
    this.problem = problem;
  }
}
