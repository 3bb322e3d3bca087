/**
 * CL.TE and TE.CL: two lengths for one body (RFC 9112 §6.1, §6.3 rule 3). Whichever a receiver
 * believes, the other may hide a second request, so the request is refused and the connection ends.
 */
import { wireCases } from "../support/wire-cases.ts";

const smuggled = "GET /admin HTTP/1.1\r\nHost: victim\r\n\r\n";

wireCases("Content-Length with Transfer-Encoding is refused", [
  {
    name: "CL.TE, the length covering a request hidden after the last chunk",
    send: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${5 + smuggled.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
  {
    name: "TE.CL, the length ending before a request hidden in a chunk",
    send: `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
  {
    name: "a length of zero beside chunks",
    send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
  {
    name: "both on a GET",
    send: "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
  {
    name: "a length beside a coding that is not known",
    send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: identity\r\n\r\nabc",
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
  {
    name: "Connection naming Content-Length does not take it out of sight",
    send: "POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
]);
