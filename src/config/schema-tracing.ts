/** What requests are called: identifiers and traces. */
import * as z from "zod";
import { field, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, duration, flag, share, text } from "./leaves.ts";
import { headerName, headerValue, httpUrl } from "./texts.ts";

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

const exportSchema = z.strictObject({
  url: field(
    httpUrl("http://collector:4318/v1/traces"),
    "The collector's whole URL for traces, which takes OTLP over HTTP in protobuf.",
  ),
  headers: field(
    z.record(headerName(), field(headerValue(), "The value.", { isSecret: true })).prefault({}),
    "Further headers for the collector, such as Authorization.",
  ),
  timeout: field(
    duration(1).prefault("10s"),
    "How long the collector has for one batch, repetitions included.",
  ),
  service: field(
    text("a name").prefault("headgate"),
    "What the collector calls this Headgate: `service.name`.",
  ),
  attributes: field(
    z.record(text("an attribute's name"), field(text("a text"), "The value.")).prefault({}),
    "Further attributes of the resource, such as `deployment.environment.name`.",
  ),
});

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
  export: field(
    exportSchema.nullable().prefault(null),
    "Where the spans of sampled traces go: one for each exchange, its wait for an endpoint and each attempt. Without, traces are passed on and nothing is kept.",
    { hazard: "A sampled exchange costs several µs more. Choose `share` by what the collector can take." },
  ),
});

export type RequestIdConfig = Frozen<z.output<typeof requestIdSchema>>;
export type TracingConfig = Frozen<z.output<typeof tracingSchema>>;
