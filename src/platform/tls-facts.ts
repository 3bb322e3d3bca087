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

/** Asked when the handshake is done: a destroyed socket knows nothing, and a record may be written later. */
export class SocketPeer implements TlsPeer {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string;
  readonly alpn: string;
  readonly isResumed: boolean;
  readonly certificate: X509Certificate | null;
  readonly verifyError: NodeJS.ErrnoException | null;

  /** `isClientJudged`: whether clients were asked for a certificate. */
  constructor(socket: tls.TLSSocket, isClientJudged: boolean) {
    this.version = socket.getProtocol() ?? "";
    // Null, whatever the types say, when the socket is destroyed already.
    const cipher: tls.CipherNameAndProtocol | null = socket.getCipher();
    this.cipher = cipher?.name ?? "";
    this.serverName = serverNameOf(socket);
    // Node says false when the client offered nothing.
    this.alpn = socket.alpnProtocol || "";
    this.isResumed = socket.isSessionReused();
    this.certificate = isClientJudged ? (socket.getPeerX509Certificate() ?? null) : null;
    const { _handle: handle } = socket as unknown as { _handle: Verifier | null };
    this.verifyError = isClientJudged ? (handle?.verifyError() ?? null) : null;
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
  if (peer.certificate === null) return missing;
  const fault = mode === "verify" ? verifyFault(peer) : null;
  return fault === null ? null : `client-certificate-refused: ${fault}`;
}

const missing = "client-certificate-missing";

/** Why a handshake failed, by OpenSSL's code or the system's. */
export function failureReason(code: string): string {
  return code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE" ? missing : code;
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
