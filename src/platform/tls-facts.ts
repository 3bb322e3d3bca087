/** What a finished handshake says about itself and about the client's certificate. */
import type tls from "node:tls";
import type { ClientCertificate, ClientCertificateMode, TlsFacts } from "../core/tls.ts";
import { serverNameOf } from "./tls-choice.ts";

export function readTlsFacts(socket: tls.TLSSocket): TlsFacts {
  return {
    get version() {
      return socket.getProtocol() ?? "";
    },
    get cipher() {
      return socket.getCipher().name;
    },
    get serverName() {
      return serverNameOf(socket);
    },
    // Node says false when the client offered nothing.
    alpn: socket.alpnProtocol || "",
    get isResumed() {
      return socket.isSessionReused();
    },
    get client() {
      return clientCertificate(socket);
    },
    get clientVerify() {
      if (clientCertificate(socket) === null) return "NONE";
      const fault = verifyFault(socket);
      return fault === null ? "SUCCESS" : `FAILED:${fault}`;
    },
  };
}

/** Why the client may not come in, as a code; null when it may. */
export function refusalOfClient(socket: tls.TLSSocket, mode: ClientCertificateMode | null): string | null {
  if (mode === null || mode === "request") return null;
  if (clientCertificate(socket) === null) return "client-certificate-missing";
  return mode === "verify" ? verifyFault(socket) : null;
}

interface Verifier {
  verifyError(): NodeJS.ErrnoException | null | undefined;
}

/** OpenSSL's verdict on the chain, such as `CERT_HAS_EXPIRED`; null when it is good. */
function verifyFault(socket: tls.TLSSocket): string | null {
  const { _handle: handle } = socket as unknown as { _handle: Verifier | null };
  const error = handle?.verifyError() ?? null;
  return error === null ? null : (error.code ?? error.message);
}

function clientCertificate(socket: tls.TLSSocket): ClientCertificate | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
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
