import assert from "node:assert/strict";
import { test } from "node:test";
import { clientFraming, headText } from "./client-framing.ts";

test("a client gets the framing that its version knows", () => {
  assert.equal(clientFraming({ kind: "length", bytes: 3 }, 0), "length");
  assert.equal(clientFraming({ kind: "none" }, 1), "none");
  for (const kind of ["chunked", "until-close"] as const) {
    assert.equal(clientFraming({ kind }, 1), "chunked");
    assert.equal(clientFraming({ kind }, 0), "until-close");
  }
});

test("the head names one framing at most", () => {
  const lines = "X: y\r\n";
  assert.equal(
    headText(200, "OK", lines, { kind: "length", bytes: 3 }, "length", ""),
    "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 3\r\n\r\n",
  );
  assert.equal(
    headText(200, "OK", lines, { kind: "until-close" }, "chunked", ""),
    "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  assert.equal(
    headText(200, "", "", { kind: "chunked" }, "until-close", "Connection: close\r\n"),
    "HTTP/1.1 200 \r\nConnection: close\r\n\r\n",
  );
  assert.equal(
    headText(204, "No Content", "", { kind: "none" }, "none", ""),
    "HTTP/1.1 204 No Content\r\n\r\n",
  );
});
