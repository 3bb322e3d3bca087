/** What requests are called: identifiers and traces. */
import * as z from "zod";
import { field, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, flag, share } from "./leaves.ts";
import { headerName } from "./texts.ts";

function believe() {
  return choice(["nobody", "trusted", "everybody"]).prefault("trusted");
}

const requestIdObject = z.strictObject({
  header: field(headerName().prefault("X-Request-Id"), "The header that carries it to endpoints."),
  believe: field(
    believe(),
    "Whose identifiers are taken over: those of trusted proxies (`trustedProxies` of the listener), `everybody`'s or `nobody`'s; others get a new one.",
    { hazard: "With `everybody`, strangers choose what stands in logs." },
  ),
  response: field(flag().prefault(true), "Tell the client, too, in the same header."),
});
export const requestIdSchema = withShorthand(
  requestIdObject,
  "header",
  "a header's name, or an object with header",
);

export const tracingSchema = z.strictObject({
  share: field(share().prefault("100%"), "Share of the traces begun here that are sampled."),
  believe: field(
    believe(),
    "Whose traces are continued: those of trusted proxies (`trustedProxies` of the listener), `everybody`'s or `nobody`'s; for others a new one begins.",
    { hazard: "With `everybody`, strangers decide what is sampled." },
  ),
  followParent: field(
    flag().prefault(true),
    "Whether a continued trace is sampled if its caller sampled it; otherwise `share` decides.",
  ),
});

export type RequestIdConfig = Frozen<z.output<typeof requestIdSchema>>;
export type TracingConfig = Frozen<z.output<typeof tracingSchema>>;
