/**
 * TE.TE: spellings of Transfer-Encoding that one receiver reads as chunked and another overlooks
 * (RFC 9112 §6.1, §11.2). Only the plain word passes; nothing else ever reaches an origin.
 */
import { type WireCase, wireCases } from "../support/wire-cases.ts";
import { forwarded } from "../support/rig.ts";

const body = "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: victim\r\n\r\n";

function refused(name: string, lines: string, status: number, cause: string): WireCase {
  return {
    name,
    send: `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`,
    client: [status],
    cause,
    stays: false,
  };
}

wireCases("An obscured Transfer-Encoding is refused", [
  refused("an unknown word", "Transfer-Encoding: xchunked", 501, "unknown-transfer-coding"),
  refused("a space before the colon", "Transfer-Encoding : chunked", 400, "bad-header"),
  refused("a tab before the colon", "Transfer-Encoding\t: chunked", 400, "bad-header"),
  refused("a line that begins with a space", " Transfer-Encoding: chunked", 400, "bad-header"),
  refused("a folded value", "Transfer-Encoding:\r\n chunked", 400, "bad-header"),
  refused("a vertical tab before the value", "Transfer-Encoding: \vchunked", 400, "bad-header"),
  refused("a form feed after the value", "Transfer-Encoding: chunked\f", 400, "bad-header"),
  refused("a NUL in the name", "Transfer-\0Encoding: chunked", 400, "bad-header"),
  refused("a bare CR in the value", "Transfer-Encoding: chunked\rX: y", 400, "bad-header"),
  refused("a bare LF before the line", "X: y\nTransfer-Encoding: chunked", 400, "bad-header"),
  refused(
    "two lines, the second unknown",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    400,
    "ambiguous-framing",
  ),
  refused(
    "two lines, the first unknown",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    400,
    "ambiguous-framing",
  ),
  refused(
    "two lines, both chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    400,
    "ambiguous-framing",
  ),
  refused("chunked twice in one line", "Transfer-Encoding: chunked, chunked", 400, "ambiguous-framing"),
  refused("chunked not last", "Transfer-Encoding: chunked, identity", 400, "ambiguous-framing"),
  refused("identity", "Transfer-Encoding: identity", 501, "unknown-transfer-coding"),
  refused("a coding under chunked", "Transfer-Encoding: gzip, chunked", 501, "unknown-transfer-coding"),
  refused("quotes", 'Transfer-Encoding: "chunked"', 501, "unknown-transfer-coding"),
  refused(
    "an octet that folds to a letter of chunked elsewhere",
    "Transfer-Encoding: chun\u00abed",
    501,
    "unknown-transfer-coding",
  ),
  refused("a parameter", "Transfer-Encoding: chunked;x=1", 400, "ambiguous-framing"),
  refused("an empty value", "Transfer-Encoding:", 501, "unknown-transfer-coding"),
  refused("a comma alone", "Transfer-Encoding: ,chunked", 400, "ambiguous-framing"),
]);

wireCases("A plain Transfer-Encoding passes", [
  {
    name: "in whatever case and with blanks around it",
    send: "POST / HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING:\t ChunKED \t\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Transfer-Encoding: chunked"], "3\r\nabc\r\n0\r\n\r\n")],
    client: [200],
    cause: null,
    stays: true,
  },
  {
    name: "and an underscore makes it another field, which frames nothing",
    send: "POST / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
    origin: [forwarded("POST / HTTP/1.1", "a", ["Transfer_Encoding: chunked"], ["Content-Length: 3"], "abc")],
    client: [200],
    cause: null,
    stays: true,
  },
]);
