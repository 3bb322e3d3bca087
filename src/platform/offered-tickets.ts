/**
 * Which key sealed the session ticket that a client offers: the first 16 octets of a ticket name it (RFC 5077 §4),
 * in TLS 1.2 those of the session_ticket extension, in TLS 1.3 those of a pre_shared_key identity. Decides nothing:
 * it tells whether one of some keys may be meant, and when in doubt it says so.
 *
 *   record  = 22 · version (2) · length (2) · message                                RFC 8446 §5.1
 *   message = 1 · length (3) · version (2) · random (32) · session · ciphers · compressions · extensions   §4.1.2
 */
export const keyNameBytes = 16;

const recordHeaderBytes = 5;
const messageHeaderBytes = 4;
const fixedBytes = 2 + 32;
const handshakeRecord = 22;
const clientHello = 1;
const sessionTicket = 35;
const preSharedKey = 41;

/** True also when `hello` is not one whole ClientHello in one record, as it mostly is. */
export function mayOfferTicketOf(hello: Uint8Array, keyNames: readonly Uint8Array[]): boolean {
  const start = recordHeaderBytes + messageHeaderBytes;
  if (hello[0] !== handshakeRecord || hello[recordHeaderBytes] !== clientHello) return true;
  const end = start + (octet(hello, 6) << 16) + pair(hello, 7);
  if (end > hello.length || end > recordHeaderBytes + pair(hello, 3)) return true;
  let at = start + fixedBytes;
  at += 1 + octet(hello, at);
  at += 2 + pair(hello, at);
  at += 1 + octet(hello, at);
  // Without extensions there is no ticket either.
  if (at === end) return false;
  if (at + 2 + pair(hello, at) !== end) return true;
  at += 2;
  while (at + 4 <= end) {
    const kind = pair(hello, at);
    const bodyStart = at + 4;
    at = bodyStart + pair(hello, at + 2);
    if (at > end) return true;
    if (kind === sessionTicket && isNamed(hello, bodyStart, at, keyNames)) return true;
    if (kind === preSharedKey && isAnyNamed(hello, bodyStart, at, keyNames)) return true;
  }
  return at !== end;
}

/** identities = length (2) · (length (2) · ticket · age (4))…, then binders (RFC 8446 §4.2.11). */
function isAnyNamed(hello: Uint8Array, start: number, end: number, keyNames: readonly Uint8Array[]): boolean {
  const identitiesEnd = start + 2 + pair(hello, start);
  if (identitiesEnd > end) return true;
  let at = start + 2;
  while (at + 2 <= identitiesEnd) {
    const ticketEnd = at + 2 + pair(hello, at);
    if (ticketEnd > identitiesEnd || isNamed(hello, at + 2, ticketEnd, keyNames)) return true;
    at = ticketEnd + 4;
  }
  return at !== identitiesEnd;
}

function isNamed(hello: Uint8Array, start: number, end: number, keyNames: readonly Uint8Array[]): boolean {
  if (end - start < keyNameBytes) return false;
  for (const name of keyNames) {
    let same = 0;
    while (same < keyNameBytes && hello[start + same] === name[same]) same++;
    if (same === keyNameBytes) return true;
  }
  return false;
}

function octet(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function pair(bytes: Uint8Array, at: number): number {
  return (octet(bytes, at) << 8) | octet(bytes, at + 1);
}
