/** One HTTPS request over a fresh connection, with everything a test may want to know about the handshake. */
import tls from "node:tls";

export interface TlsAnswer {
  readonly status: number;
  readonly text: string;
  readonly certificate: tls.PeerCertificate;
  readonly protocol: string | null;
  readonly cipher: string;
  readonly alpn: string;
  readonly isResumed: boolean;
  /** To resume the session with; undefined when none was given out. */
  readonly session: Buffer | undefined;
}

/** Rejects with OpenSSL's or the system's error. */
export function askTls(port: number, options: tls.ConnectionOptions = {}, path = "/"): Promise<TlsAnswer> {
  return new Promise((resolve, reject) => {
    let session: Buffer | undefined;
    let text = "";
    const socket = tls.connect({ host: "127.0.0.1", port, servername: "localhost", ...options });
    const certificate = (): tls.PeerCertificate => socket.getPeerCertificate();
    let facts: Pick<TlsAnswer, "certificate" | "protocol" | "cipher" | "isResumed"> | null = null;
    socket.once("secureConnect", () => {
      facts = {
        certificate: certificate(),
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().name,
        isResumed: socket.isSessionReused(),
      };
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    });
    socket.on("session", (ticket: Buffer) => (session = ticket));
    socket.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
    socket.once("error", reject);
    socket.once("close", () => {
      if (facts === null || text === "") return reject(new Error("closed without an answer"));
      resolve({
        ...facts,
        status: Number(text.slice(9, 12)),
        text,
        alpn: socket.alpnProtocol || "",
        session,
      });
    });
  });
}

/** The code with which a connection fails. */
export async function failureOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "no failure";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code ?? message;
  }
}
