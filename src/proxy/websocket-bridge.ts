/**
 * WebSocket over HTTP/2 (RFC 8441) as the upgrade that HTTP/1.1 knows (RFC 6455): what one of them says and the
 * other does not is made up or left out here. The frames inside are the same.
 */
import { randomBytes } from "node:crypto";

/** The field lines that an extended CONNECT lacks. The key only shows that the endpoint means the upgrade. */
export function upgradeLines(protocol: string): string {
  const key = randomBytes(16).toString("base64");
  return `connection: upgrade\r\nupgrade: ${protocol}\r\nsec-websocket-key: ${key}\r\n`;
}

/** The lines of a 101 that an HTTP/2 client must not or need not see. */
export function withoutUpgradeLines(fieldLines: string): string {
  return fieldLines.replace(/^(?:connection|upgrade|sec-websocket-accept):.*\r\n/gim, "");
}
