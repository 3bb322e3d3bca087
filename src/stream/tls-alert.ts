/** Recognizes the end of a TLS conversation from outside: an alert is all that is still said. Nothing is decrypted. */

/** Content types alert and, for version 1.3, application data (RFC 8446 §5.1, §5.2). */
const alertType = 0x15;
const disguisedType = 0x17;
const headerBytes = 5;

/**
 * What two bytes of alert come to: in the clear, or sealed by the suites of version 1.2 (AEAD with and without an
 * explicit nonce; CBC with SHA-1, SHA-256 and SHA-384).
 */
const alertBytes = [2, 18, 26, 32, 48, 64, 80];
/** The same in version 1.3, where the true type stands behind it: tags of 16 and of 8 bytes. */
const disguisedBytes = [19, 11];

/** Are the last bytes of `buffer[0, length)` a whole record that is, or by its size can only be, an alert? */
export function endsWithTlsAlert(buffer: Uint8Array, length: number): boolean {
  for (const bytes of alertBytes) if (endsWithRecord(buffer, length, alertType, bytes)) return true;
  for (const bytes of disguisedBytes) if (endsWithRecord(buffer, length, disguisedType, bytes)) return true;
  return false;
}

function endsWithRecord(buffer: Uint8Array, length: number, type: number, bodyBytes: number): boolean {
  const at = length - bodyBytes - headerBytes;
  return (
    at >= 0 &&
    buffer[at] === type &&
    buffer[at + 1] === 3 &&
    buffer[at + 2]! <= 4 &&
    buffer[at + 3] === 0 &&
    buffer[at + 4] === bodyBytes
  );
}
