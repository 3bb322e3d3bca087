/**
 * obs-fold (RFC 9112 §5.2): a field line that continues on the next. A request with one is refused;
 * a response with one is not passed on.
 */
import { wireCases } from "../support/wire-cases.ts";
import { forwarded } from "../support/rig.ts";

wireCases(
  "A folded field line",
  [
    {
      name: "continued after a space is refused",
      send: "GET / HTTP/1.1\r\nHost: a\r\nX-Long: one\r\n two\r\n\r\n",
      client: [400],
      cause: "bad-header",
      stays: false,
    },
    {
      name: "continued after a tab is refused",
      send: "GET / HTTP/1.1\r\nHost: a\r\nX-Long: one\r\n\ttwo\r\n\r\n",
      client: [400],
      cause: "bad-header",
      stays: false,
    },
    {
      name: "of blanks alone is refused",
      send: "GET / HTTP/1.1\r\nHost: a\r\nX-Long: one\r\n \r\n\r\n",
      client: [400],
      cause: "bad-header",
      stays: false,
    },
    {
      name: "in a response makes it a bad response",
      send: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      answer: "HTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\nContent-Length: 0\r\n\r\n",
      origin: [forwarded("GET / HTTP/1.1", "a"), forwarded("GET / HTTP/1.1", "a")].slice(0, 1),
      client: [502],
      cause: "bad-response",
      stays: true,
    },
  ],
  { pool: { retry: { attempts: 1 } } },
);
