/**
 * Which context serves which name. Node's public SNICallback copies a single certificate out of the chosen
 * context, so that ECDSA and RSA could not stand side by side; the handle itself asks for the context
 * while it reads the ClientHello, and takes it whole. Where the handle does not ask, the public way serves.
 */
import type { Socket } from "node:net";
import tls from "node:tls";
import { NameIndex } from "../core/name-index.ts";
import type { ServerTlsSettings, TlsIdentity } from "../core/tls.ts";
import type { TlsHandle } from "./native-handles.ts";
import { createServerContext, replaceTicketKey, type TicketKeys } from "./tls-context.ts";

interface AskingHandle {
  sni_context?: unknown;
  setOCSPResponse?(response: Uint8Array): void;
}

/** A handle that certainly asks, before its first byte is read. */
type PreparedHandle = AskingHandle & Pick<TlsHandle, "servername" | "setVerifyMode" | "setALPNProtocols">;

interface Shown {
  readonly context: tls.SecureContext;
  readonly ocspResponse: Uint8Array | null;
  /** OpenSSL asks it for the protocol, too. */
  isAskedForProtocol: boolean;
}

/** Node hands it out only to clients that ask. */
function staple(handle: AskingHandle, { ocspResponse }: Shown): void {
  if (ocspResponse !== null) handle.setOCSPResponse?.(ocspResponse);
}

export class TlsChoice {
  readonly #default: Shown;
  readonly #tickets: TicketKeys;
  /** The same with the newest ticket key alone; null where there are no tickets, or no hello is looked at. */
  readonly #quick: tls.SecureContext | null;
  readonly #names = new NameIndex<Shown>();
  readonly #hasSeveral: boolean;
  /** Clients are asked for a certificate. */
  readonly isCertificateWanted: boolean;
  /** OpenSSL itself turns away who has none, with an alert that says so. */
  readonly #isCertificateDemanded: boolean;
  /** As TLS writes it: each name behind its length. */
  readonly #alpn: Buffer;
  #options: tls.TLSSocketOptions;
  #isHandleAsking: boolean;

  /** Throws what OpenSSL says when a certificate or key cannot be used. */
  constructor(settings: ServerTlsSettings, tickets: TicketKeys, isHandleAsking: boolean) {
    const contexts = settings.identities.map((identity) => ({
      context: createServerContext(identity, settings, tickets),
      ocspResponse: identity.ocspResponse ?? null,
      isAskedForProtocol: false,
    }));
    const [first] = contexts;
    if (first === undefined) throw new Error("no certificate");
    this.#default = first;
    this.#tickets = tickets;
    const isQuickUsed = isHandleAsking && settings.ticketKeys.length > 0;
    this.#quick = isQuickUsed
      ? createServerContext(settings.identities[0] as TlsIdentity, settings, null)
      : null;
    settings.identities.forEach((identity, index) => {
      for (const name of identity.names) this.#names.add(name, contexts[index] as Shown);
    });
    this.#hasSeveral = contexts.length > 1;
    this.#isHandleAsking = isHandleAsking;
    const mode = settings.clientCertificates?.mode ?? "request";
    this.isCertificateWanted = settings.clientCertificates !== null;
    this.#isCertificateDemanded = mode !== "request";
    this.#alpn = Buffer.concat(
      settings.alpnProtocols.map((name) => Buffer.from([name.length, ...Buffer.from(name, "latin1")])),
    );
    this.#options = this.#socketOptions(settings);
  }

  /** The context with which a handshake begins, and whose ticket keys it uses whatever name it asks for. */
  contextFor(hello: Uint8Array): tls.SecureContext {
    const isQuick = this.#quick !== null && !this.#tickets.mayNeedOlder(hello);
    return isQuick ? this.#quick : this.#default.context;
  }

  useNewestKey(key: Uint8Array | undefined): void {
    if (this.#quick !== null && key !== undefined) replaceTicketKey(this.#quick, key);
  }

  /** What `options` and `takePart` do for a socket, for a bare handle that begins with `context`. */
  prepare(handle: PreparedHandle, context: tls.SecureContext): void {
    if (this.isCertificateWanted) handle.setVerifyMode(true, this.#isCertificateDemanded);
    handle.setALPNProtocols(this.#alpn);
    if (!this.#hasSeveral) return staple(handle, this.#default);
    const choose = (): unknown => {
      const { servername } = handle;
      const shown = this.#choose(typeof servername === "string" ? servername : "", handle);
      return (shown === this.#default ? context : shown.context).context;
    };
    Object.defineProperty(handle, "sni_context", { configurable: true, get: choose });
  }

  get options(): tls.TLSSocketOptions {
    return this.#options;
  }

  /** For a socket of these options, before its first byte is read. */
  takePart(socket: tls.TLSSocket): void {
    const { _handle: handle } = socket as unknown as { _handle: AskingHandle | null };
    if (handle === null || !this.#isHandleAsking) return;
    if (!this.#hasSeveral) {
      staple(handle, this.#default);
      return;
    }
    let wasAsked = false;
    const choose = (): unknown => {
      wasAsked = true;
      return this.#choose(serverNameOf(socket), handle).context.context;
    };
    Object.defineProperty(handle, "sni_context", { configurable: true, get: choose });
    socket.once("secure", () => {
      if (!wasAsked && serverNameOf(socket) !== "") this.#goPublic();
    });
  }

  #choose(serverName: string, handle: AskingHandle): Shown {
    const shown = this.#find(serverName);
    staple(handle, shown);
    if (shown !== this.#default && !shown.isAskedForProtocol) this.#haveProtocolAsked(shown);
    return shown;
  }

  /**
   * Node has OpenSSL ask for the protocol in the context with which a handshake begins only; one that is chosen by name
   * would agree on none. Any socket that begins with it makes up for that, once and for all.
   */
  #haveProtocolAsked(shown: Shown): void {
    shown.isAskedForProtocol = true;
    const { isServer, ALPNProtocols } = this.#options;
    const options = { isServer, ALPNProtocols, secureContext: shown.context } as tls.TLSSocketOptions;
    // Without a socket it makes one, which is never opened.
    new tls.TLSSocket(undefined as unknown as Socket, options).destroy();
  }

  #find(serverName: string): Shown {
    return this.#names.find(serverName) ?? this.#default;
  }

  #goPublic(): void {
    this.#isHandleAsking = false;
    this.#options = { ...this.#options, ...this.#publicChoice() };
  }

  #publicChoice(): tls.TLSSocketOptions {
    return { SNICallback: (serverName, done) => done(null, this.#find(serverName).context) };
  }

  #socketOptions(settings: ServerTlsSettings): tls.TLSSocketOptions {
    return {
      isServer: true,
      secureContext: this.#default.context,
      requestCert: settings.clientCertificates !== null,
      // The chain is judged once the handshake is over.
      rejectUnauthorized: this.#isCertificateDemanded,
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
