/** TLS 1.3 handshakes, none of them resumed, with an ECDSA P-256 certificate. */
import type { Load } from "../load.ts";

export const tlsFull: Load = {
  name: "tls-full",
  title: "full TLS 1.3 handshakes, 8 at a time",
  connections: 8,
  path: "/",
  script: "",
  protocol: "https",
  handshakes: "full",
};
