/** Listeners below HTTP: what they pass on, and which pool takes it. */
import * as z from "zod";
import { isHostName } from "../core/address.ts";
import { field, oneOrMany } from "./field.ts";
import type { Frozen } from "./field.ts";
import { text, textAs } from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";
import { cidr } from "./texts.ts";

/** A name from SNI; names are compared without case. */
function serverName() {
  const allowed = "a name such as example.com, or *.example.com for all names below it";
  return textAs(allowed, (input) =>
    isHostName(input.replace(/^\*\./, "")) ? { value: input.toLowerCase() } : { allowed },
  );
}

const streamMatch = z.strictObject({
  serverName: field(
    oneOrMany(serverName()).prefault([]),
    "Names that the client asks for (SNI): exact, or `*.example.com` (any depth below). None stands for every client, those without a name among them.",
  ),
  alpn: field(
    oneOrMany(text("a protocol such as h2 or http/1.1")).prefault([]),
    "Protocols of which the client must offer one (ALPN); none asks for nothing.",
  ),
});

export const streamAccessSchema = z.strictObject({
  allow: field(
    z.array(cidr()).prefault([]),
    "Client networks that are let in; when given, connections of all others are cut, and their datagrams dropped.",
  ),
  deny: field(z.array(cidr()).prefault([]), "Client networks that are kept out, even if allowed above."),
  mode: enforceOrObserve(),
});

export const streamRouteSchema = z.strictObject({
  match: field(streamMatch.prefault({}), "What the client must ask for in its TLS ClientHello."),
  pool: field(text("the name of a pool"), "The pool that takes the connection, still encrypted."),
});

export type StreamRouteConfig = Frozen<z.output<typeof streamRouteSchema>>;
