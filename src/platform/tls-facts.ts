/** What a finished handshake says about itself and about the client's certificate. */
import type { X509Certificate } from "node:crypto";
import type tls from "node:tls";
import type { ClientCertificate, ClientCertificateMode, TlsFacts } from "../core/tls.ts";
import { serverNameOf } from "./tls-choice.ts";

/** An encrypted connection, to be asked what its handshake came to. */
export interface TlsPeer {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string;
  readonly alpn: string;
  readonly isResumed: boolean;
  readonly certificate: X509Certificate | null;
  /** OpenSSL's verdict on the certificate's chain; null when it is good. */
  readonly verifyError: NodeJS.ErrnoException | null;
}

export class SocketPeer implements TlsPeer {
  readonly #socket: tls.TLSSocket;

  constructor(socket: tls.TLSSocket) {
    this.#socket = socket;
  }

  get version(): string {
    return this.#socket.getProtocol() ?? "";
  }
  get cipher(): string {
    // Null, whatever the types say, once the socket is destroyed.
    const cipher: tls.CipherNameAndProtocol | null = this.#socket.getCipher();
    return cipher?.name ?? "";
  }
  get serverName(): string {
    return serverNameOf(this.#socket);
  }
  get alpn(): string {
    // Node says false when the client offered nothing.
    return this.#socket.alpnProtocol || "";
  }
  get isResumed(): boolean {
    return this.#socket.isSessionReused();
  }
  get certificate(): X509Certificate | null {
    return this.#socket.getPeerX509Certificate() ?? null;
  }
  get verifyError(): NodeJS.ErrnoException | null {
    const { _handle: handle } = this.#socket as unknown as { _handle: Verifier | null };
    return handle?.verifyError() ?? null;
  }
}

interface Verifier {
  verifyError(): NodeJS.ErrnoException | null | undefined;
}

/** Asks when it is asked. */
export class PeerFacts implements TlsFacts {
  readonly alpn: string;
  readonly #peer: TlsPeer;

  constructor(peer: TlsPeer) {
    this.#peer = peer;
    this.alpn = peer.alpn;
  }

  get version(): string {
    return this.#peer.version;
  }
  get cipher(): string {
    return this.#peer.cipher;
  }
  get serverName(): string {
    return this.#peer.serverName;
  }
  get isResumed(): boolean {
    return this.#peer.isResumed;
  }
  get client(): ClientCertificate | null {
    return clientCertificate(this.#peer);
  }
  get clientVerify(): string {
    if (this.#peer.certificate === null) return "NONE";
    const fault = verifyFault(this.#peer);
    return fault === null ? "SUCCESS" : `FAILED:${fault}`;
  }
}

/** Why the client may not come in, as a code; null when it may. */
export function refusalOfClient(peer: TlsPeer, mode: ClientCertificateMode | null): string | null {
  if (mode === null || mode === "request") return null;
  if (peer.certificate === null) return "client-certificate-missing";
  return mode === "verify" ? verifyFault(peer) : null;
}

/** OpenSSL's verdict on the chain, such as `CERT_HAS_EXPIRED`; null when it is good. */
function verifyFault({ verifyError }: TlsPeer): string | null {
  return verifyError === null ? null : (verifyError.code ?? verifyError.message);
}

function clientCertificate({ certificate }: TlsPeer): ClientCertificate | null {
  if (certificate === null) return null;
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serial: certificate.serialNumber,
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    alternativeNames: certificate.subjectAltName ?? "",
  };
}

/** RFC 2253's order and separators, which is how nginx writes a name. */
function oneLine(name: string): string {
  return name.split("\n").toReversed().join(",");
}
