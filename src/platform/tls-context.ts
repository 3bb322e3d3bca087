/**
 * OpenSSL contexts for a listener's identities, and session tickets under keys that all workers share.
 * Several keys at once need a callback of the context that Node keeps for its own tests; without it the
 * newest key alone is used, and a rotation costs the older sessions a full handshake. A call of it costs a
 * twentieth of a resumed handshake, so it is asked only for tickets that an older key has sealed.
 */
import { createHash, randomBytes } from "node:crypto";
import tls from "node:tls";
import type { ServerTlsSettings, TlsIdentity } from "../core/tls.ts";
import { keyNameBytes, mayOfferTicketOf } from "./offered-tickets.ts";

const partBytes = keyNameBytes;
const ticketKeyBytes = 3 * partBytes;

/** What Node's ticket callback expects back: verdict, HMAC key, cipher key, and for new tickets name and IV. */
type TicketAnswer = [verdict: number, hmac: Buffer, aes: Buffer, name?: Buffer, iv?: Buffer];

interface NativeContext {
  enableTicketKeyCallback?(): void;
  onticketkeycallback?: (name: Buffer, iv: Buffer, isSealing: boolean) => TicketAnswer;
  setTicketKeys?(key: Buffer): void;
}

interface TicketKey {
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

const unopened = 0;
const noKey = Buffer.alloc(partBytes);
const opened = 1;
const openedWithAnOldKey = 2;

/** The keys under which tickets are sealed and opened, replaced as a whole when they rotate. */
export class TicketKeys {
  #keys: readonly TicketKey[] = [];
  #olderNames: readonly Buffer[] = [];

  set keys(keys: readonly Uint8Array[]) {
    this.#keys = keys.map((bytes) => {
      const key = Buffer.from(bytes);
      return {
        name: key.subarray(0, partBytes),
        hmac: key.subarray(partBytes, 2 * partBytes),
        aes: key.subarray(2 * partBytes, ticketKeyBytes),
      };
    });
    this.#olderNames = this.#keys.slice(1).map(({ name }) => name);
  }

  /** May the client's first bytes offer a ticket that another than the newest key has sealed? */
  mayNeedOlder(hello: Uint8Array): boolean {
    return this.#olderNames.length > 0 && mayOfferTicketOf(hello, this.#olderNames);
  }

  answer(name: Buffer, isSealing: boolean): TicketAnswer {
    const newest = this.#keys[0];
    // Node looks at the keys whatever the verdict.
    if (newest === undefined) return [unopened, noKey, noKey];
    if (isSealing) return [opened, newest.hmac, newest.aes, newest.name, randomBytes(partBytes)];
    const key = this.#keys.find((candidate) => candidate.name.equals(name));
    if (key === undefined) return [unopened, newest.hmac, newest.aes];
    return [key === newest ? opened : openedWithAnOldKey, key.hmac, key.aes];
  }
}

/** Throws what OpenSSL says when a certificate or key cannot be used. `tickets` is null for the newest key alone. */
export function createServerContext(
  identity: TlsIdentity,
  settings: ServerTlsSettings,
  tickets: TicketKeys | null,
): tls.SecureContext {
  const { clientCertificates, ticketKeys } = settings;
  const { caPem, crlPem } = clientCertificates ?? { caPem: null, crlPem: null };
  const [newest] = ticketKeys;
  const context = tls.createSecureContext({
    cert: identity.pairs.map(({ certificatePem }) => certificatePem),
    key: identity.pairs.map(({ keyPem }) => keyPem),
    minVersion: settings.minVersion,
    ciphers: settings.ciphers,
    ecdhCurve: settings.groups,
    // All of them are good: a client without AES in hardware knows best that it wants ChaCha20.
    honorCipherOrder: false,
    sessionIdContext: sessionIdContext(settings),
    sessionTimeout: settings.ticketLifetimeSeconds,
    ...(caPem === null ? {} : { ca: caPem }),
    ...(crlPem === null ? {} : { crl: crlPem }),
    secureOptions: newest === undefined ? noRenegotiation | noTickets : noRenegotiation,
    ...(newest === undefined ? {} : { ticketKeys: Buffer.from(newest) }),
  });
  if (newest !== undefined && tickets !== null) useTicketKeys(context, tickets);
  return context;
}

/**
 * A session remembers how the client's certificate was judged, so it may be resumed only where it would be
 * judged alike. OpenSSL takes 32 bytes.
 */
function sessionIdContext({ clientCertificates }: ServerTlsSettings): string {
  return createHash("sha256").update(JSON.stringify(clientCertificates)).digest("hex").slice(0, 32);
}

const noTickets = 1 << 14; // SSL_OP_NO_TICKET
/** SSL_OP_NO_RENEGOTIATION: in TLS 1.2 a client could have the server shake hands again and again. */
const noRenegotiation = 1 << 30;

/** For handshakes that begin later, in a context of the newest key alone. */
export function replaceTicketKey(context: tls.SecureContext, newest: Uint8Array): void {
  (context.context as NativeContext).setTicketKeys?.(Buffer.from(newest));
}

function useTicketKeys(context: tls.SecureContext, tickets: TicketKeys): void {
  const native = context.context as NativeContext;
  if (native.enableTicketKeyCallback === undefined) return;
  native.onticketkeycallback = (name, _iv, isSealing) => tickets.answer(name, isSealing);
  native.enableTicketKeyCallback();
}
