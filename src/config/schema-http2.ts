/** HTTP/2 towards clients and towards endpoints: how much one connection may carry. */
import * as z from "zod";
import { field } from "./field.ts";
import { count, flag, size } from "./leaves.ts";

export const serverHttp2Schema = z.strictObject({
  cleartext: field(
    flag().prefault(true),
    "Serve clients that begin with HTTP/2 on a connection without TLS (prior knowledge, h2c).",
  ),
  streams: field(
    count(1, 100_000).prefault(128),
    "Most requests at once on one connection; a client that starts more has them refused.",
  ),
  resetsPerSecond: field(
    count(1, 1_000_000).prefault(100),
    "Most requests a client may start and take back per second on one connection, ten seconds' worth at once; then the connection is closed (rapid reset).",
  ),
  framesPerSecond: field(
    count(10, 1_000_000).prefault(200),
    "Most frames per second that ask for an answer but carry no request (PING, SETTINGS) or do nothing (empty DATA, PRIORITY), ten seconds' worth at once; then the connection is closed.",
  ),
  streamWindow: field(
    size(65_535).prefault("256KiB"),
    "Bytes of a request body a client may send ahead on one request before they have been passed on.",
  ),
  connectionWindow: field(
    size(65_535).prefault("1MiB"),
    "The same for all requests of a connection together: the most it can make Headgate hold.",
  ),
});

export const upstreamHttp2Schema = z.strictObject({
  streams: field(
    count(1, 100_000).prefault(100),
    "Most requests at once on one connection, if the endpoint allows as many; then another connection is made.",
    { reload: "reconnect" },
  ),
  streamWindow: field(
    size(65_535).prefault("256KiB"),
    "Bytes of a response an endpoint may send ahead on one request whose client reads slowly; with `streams`, the most one connection can make Headgate hold.",
  ),
  connectionWindow: field(
    size(65_535).prefault("4MiB"),
    "Bytes of all responses on one connection that may be under way at once. Slow clients do not use it up.",
  ),
});
