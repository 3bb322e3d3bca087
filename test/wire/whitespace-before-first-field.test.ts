/**
 * Whitespace between the start line and the first field (RFC 9112 §2.2): such a line could be read as
 * part of the request line, as a field or as nothing, so it is refused. Empty lines before a request
 * line are only a habit of old clients, and a few of them are skipped.
 */
import { wireCases } from "../support/wire-cases.ts";
import { forwarded } from "../support/rig.ts";

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const passed = forwarded("GET / HTTP/1.1", "a");
const longValue = "v".repeat(5000);

wireCases("Whitespace about the start line", [
  {
    name: "a blank before the first field is refused",
    send: "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    client: [400],
    cause: "bad-header",
    stays: false,
  },
  {
    name: "a line of blanks before the first field is refused",
    send: "GET / HTTP/1.1\r\n \t\r\nHost: a\r\n\r\n",
    client: [400],
    cause: "bad-header",
    stays: false,
  },
  {
    name: "a blank before the method is refused",
    send: " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    client: [400],
    cause: "bad-request-line",
    stays: false,
  },
  {
    name: "one empty line before a request is skipped",
    send: `\r\n${request}`,
    origin: [passed],
    client: [200],
    stays: true,
  },
  {
    name: "two empty lines are skipped",
    send: `\r\n\r\n${request}`,
    origin: [passed],
    client: [200],
    stays: true,
  },
  {
    name: "empty lines split in every place are skipped",
    send: ["\r", "\n\r", "\n", request],
    origin: [passed],
    client: [200],
    stays: true,
  },
  {
    name: "empty lines before a head longer than the first look are skipped",
    send: `\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX: ${longValue}\r\n\r\n`,
    origin: [forwarded("GET / HTTP/1.1", "a", [`X: ${longValue}`])],
    client: [200],
    stays: true,
  },
  {
    name: "an empty line between two requests is skipped",
    send: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n${request}`,
    origin: [forwarded("POST / HTTP/1.1", "a", [], ["Content-Length: 3"], "abc"), passed],
    client: [200, 200],
    stays: true,
  },
  {
    name: "more empty lines than a habit explains are refused",
    send: `${"\r\n".repeat(10)}${request}`,
    client: [400],
    cause: "bad-request-line",
    stays: false,
  },
  {
    name: "an endless stream of empty lines is refused",
    send: Array.from({ length: 8 }, () => "\r\n"),
    client: [400],
    cause: "bad-request-line",
    stays: false,
  },
]);
