/** TLS 1.2 handshakes that resume one session: what returning clients cost. */
import type { Load } from "../load.ts";

export const tlsResumed: Load = {
  name: "tls-resumed",
  title: "resumed TLS 1.2 handshakes, 8 at a time",
  connections: 8,
  path: "/",
  script: "",
  protocol: "https",
  handshakes: "resumed",
};
