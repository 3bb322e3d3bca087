/**
 * The seam of TLS termination: what a listener shows to its clients, and what is known of a client once the
 * handshake is over. `platform/` does the cryptography. Settings are plain data, so that they can be
 * posted to a worker thread.
 */
import type { ByteStream } from "./transport.ts";

/** One certificate with its chain, and its private key. */
export interface KeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** What is shown for some names: one pair for each kind of key (ECDSA, RSA), the client chooses. */
export interface TlsIdentity {
  /** Lower case; `*.example.com` stands for exactly one label. The first identity also serves all other names. */
  readonly names: readonly string[];
  readonly pairs: readonly KeyPair[];
  /** Shown to clients that ask for the certificate's status; only where there is one pair. */
  readonly ocspResponse?: Uint8Array;
}

/** `request` asks and takes note, `require` insists on some certificate, `verify` on one the CA vouches for. */
export type ClientCertificateMode = "request" | "require" | "verify";

export interface ServerTlsSettings {
  readonly identities: readonly TlsIdentity[];
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** OpenSSL's list; those of TLS 1.3 and of TLS 1.2 together. */
  readonly ciphers: string;
  /** Key exchange groups, best first, separated by colons. */
  readonly groups: string;
  readonly alpnProtocols: readonly string[];
  readonly clientCertificates: {
    readonly mode: ClientCertificateMode;
    readonly caPem: string | null;
    readonly crlPem: string | null;
  } | null;
  /** 48 bytes each, the one that seals first; the others still open. None: sessions are not resumed. */
  readonly ticketKeys: readonly Uint8Array[];
  readonly ticketLifetimeSeconds: number;
  readonly handshakeTimeoutMs: number;
  /** Handshakes under way at once in one worker; one more is refused by closing the connection. */
  readonly handshakesMax: number;
}

/** The client's certificate as templates and routes may ask for it. */
export interface ClientCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  /** SHA-256, lower-case hexadecimal without separators. */
  readonly fingerprint: string;
  /** Subject alternative names: `DNS:a.example, URI:spiffe://example/a, IP Address:192.0.2.1, email:ann@example`. */
  readonly alternativeNames: string;
}

/** What a handshake came to. Asked for rarely: the getters work it out each time. */
export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  /** From SNI; "" when the client named none. */
  readonly serverName: string;
  /** "" when nothing was agreed. */
  readonly alpn: string;
  readonly isResumed: boolean;
  readonly client: ClientCertificate | null;
  /** `SUCCESS`, `NONE` without a certificate, or `FAILED:reason`, as nginx says it. */
  readonly clientVerify: string;
}

export interface TlsHandshakeHandler {
  /** The stream carries plain bytes from now on; its handler must be set before this returns. */
  onSecured(stream: ByteStream, facts: TlsFacts): void;
  /** The connection is gone. `reason` is OpenSSL's or the system's code, or `handshake-timeout`, `too-many-handshakes`. `serverName` is "" when none was asked for. */
  onHandshakeFailed(reason: string, serverName: string): void;
}

/** TLS for one listener's accepted streams. */
export interface TlsTerminator {
  /** Handshakes that begin later use these; what is established stays as it is. Throws on an unusable certificate. */
  update(settings: ServerTlsSettings): void;
  /**
   * Takes an accepted stream over, with the bytes already read from it, and shakes hands. Neither callback
   * comes inside this call.
   */
  secure(stream: ByteStream, alreadyRead: Buffer | null, handler: TlsHandshakeHandler): TlsHandshakeInWork;
}

/** A handshake under way. */
export interface TlsHandshakeInWork {
  /** Closes the connection; the handler hears nothing more. */
  giveUp(): void;
}
