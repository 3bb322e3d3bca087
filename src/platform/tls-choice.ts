/**
 * Which context serves which name. Node's public SNICallback copies a single certificate out of the chosen
 * context, so that ECDSA and RSA could not stand side by side; the handle itself asks for the context
 * while it reads the ClientHello, and takes it whole. Where the handle does not ask, the public way serves.
 */
import type tls from "node:tls";
import { NameIndex } from "../core/name-index.ts";
import type { ServerTlsSettings } from "../core/tls.ts";
import { createServerContext, type TicketKeys } from "./tls-context.ts";

interface AskingHandle {
  sni_context?: unknown;
}

export class TlsChoice {
  readonly #default: tls.SecureContext;
  readonly #names = new NameIndex<tls.SecureContext>();
  readonly #hasSeveral: boolean;
  #options: tls.TLSSocketOptions;
  #isHandleAsking: boolean;

  /** Throws what OpenSSL says when a certificate or key cannot be used. */
  constructor(settings: ServerTlsSettings, tickets: TicketKeys, isHandleAsking: boolean) {
    const contexts = settings.identities.map((identity) => createServerContext(identity, settings, tickets));
    const [first] = contexts;
    if (first === undefined) throw new Error("no certificate");
    this.#default = first;
    settings.identities.forEach((identity, index) => {
      for (const name of identity.names) this.#names.add(name, contexts[index] as tls.SecureContext);
    });
    this.#hasSeveral = contexts.length > 1;
    this.#isHandleAsking = isHandleAsking;
    this.#options = this.#socketOptions(settings);
  }

  get options(): tls.TLSSocketOptions {
    return this.#options;
  }

  /** For a socket of these options, before its first byte is read. */
  takePart(socket: tls.TLSSocket): void {
    if (!this.#hasSeveral || !this.#isHandleAsking) return;
    const { _handle: handle } = socket as unknown as { _handle: AskingHandle | null };
    if (handle === null) return;
    let wasAsked = false;
    const choose = (): unknown => {
      wasAsked = true;
      return this.#find(serverNameOf(socket)).context;
    };
    Object.defineProperty(handle, "sni_context", { configurable: true, get: choose });
    socket.once("secure", () => {
      if (!wasAsked && serverNameOf(socket) !== "") this.#goPublic();
    });
  }

  #find(serverName: string): tls.SecureContext {
    return this.#names.find(serverName) ?? this.#default;
  }

  #goPublic(): void {
    this.#isHandleAsking = false;
    this.#options = { ...this.#options, ...this.#publicChoice() };
  }

  #publicChoice(): tls.TLSSocketOptions {
    return { SNICallback: (serverName, done) => done(null, this.#find(serverName)) };
  }

  #socketOptions(settings: ServerTlsSettings): tls.TLSSocketOptions {
    return {
      isServer: true,
      secureContext: this.#default,
      requestCert: settings.clientCertificates !== null,
      // Judged once the handshake is over: a client without a certificate gets a proper end.
      rejectUnauthorized: false,
      ALPNProtocols: [...settings.alpnProtocols],
      // One identity serves every name: no need to interrupt the handshake for it.
      ...(this.#hasSeveral && !this.#isHandleAsking ? this.#publicChoice() : {}),
    };
  }
}

/** "" when the client named nobody. */
export function serverNameOf(socket: tls.TLSSocket): string {
  const name: unknown = (socket as { servername?: unknown }).servername;
  return typeof name === "string" ? name : "";
}
