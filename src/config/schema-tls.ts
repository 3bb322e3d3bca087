/** TLS towards endpoints. Certificates are verified unless `insecure` is spelled out. */
import * as z from "zod";
import { field } from "./field.ts";
import type { Frozen } from "./field.ts";
import { flag } from "./leaves.ts";
import { filePath, hostName } from "./texts.ts";

export const upstreamTlsSchema = z.strictObject({
  serverName: field(
    hostName().nullable().prefault(null),
    "Name sent as SNI and looked for in the certificate.",
    { defaultText: "the endpoint's host", reload: "reconnect" },
  ),
  ca: field(
    filePath().nullable().prefault(null),
    "PEM file of the authorities to trust instead of the system's.",
    { reload: "reconnect" },
  ),
  insecure: field(flag().prefault(false), "Skip the verification of the endpoint's certificate.", {
    hazard: "Anyone between here and the endpoint can read and change everything.",
    reload: "reconnect",
  }),
  certificate: field(
    filePath().nullable().prefault(null),
    "PEM file of the certificate shown to the endpoint.",
    { reload: "reconnect" },
  ),
  key: field(filePath().nullable().prefault(null), "PEM file of that certificate's key.", {
    reload: "reconnect",
  }),
});

export type UpstreamTlsConfig = Frozen<z.output<typeof upstreamTlsSchema>>;
