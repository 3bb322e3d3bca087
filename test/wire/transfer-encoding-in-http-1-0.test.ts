/**
 * Transfer-Encoding in an HTTP/1.0 request is faulty framing (RFC 9112 §6.1): 1.0 knows no chunks,
 * so a receiver before or behind us may well read the body otherwise.
 */
import { wireCases } from "../support/wire-cases.ts";

wireCases("Transfer-Encoding in HTTP/1.0 is refused", [
  {
    name: "chunked alone",
    send: "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
  {
    name: "chunked with keep-alive",
    send: "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.0\r\n\r\n",
    client: [400],
    cause: "ambiguous-framing",
    stays: false,
  },
]);
