/** CONNECT (RFC 9110 §9.3.6): a gateway opens no tunnels to where the client wishes, however it asks. */
import { type WireCase, wireCases } from "../support/wire-cases.ts";

function refused(target: string): WireCase {
  return {
    name: `to ${target}`,
    send: `CONNECT ${target} HTTP/1.1\r\nHost: a\r\n\r\n`,
    client: [501],
    cause: "connect-refused-method",
    stays: false,
  };
}

wireCases("CONNECT is refused", [
  refused("internal.test:22"),
  refused("[::1]:443"),
  refused("/"),
  refused("http://internal.test/"),
  refused("*"),
]);
