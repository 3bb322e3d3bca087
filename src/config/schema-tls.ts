/** TLS towards endpoints. Certificates are verified unless `insecure` is spelled out. */
import * as z from "zod";
import { field, oneOrMany } from "./field.ts";
import type { Frozen } from "./field.ts";
import { flag, textAs } from "./leaves.ts";
import { filePath, hostName } from "./texts.ts";

/** SHA-256 of a SubjectPublicKeyInfo, as curl and HPKP write it; the prefix may be left out. */
function keyPin() {
  const allowed = "a pin such as sha256/ followed by 44 characters of base64";
  return textAs(allowed, (input) => {
    const hash = input.replace(/^sha256\/+/, "");
    return /^[0-9A-Za-z+/]{43}=$/.test(hash) ? { value: hash } : { allowed };
  });
}

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
  pins: field(
    oneOrMany(keyPin()).prefault([]),
    "SHA-256 hashes of public keys (SPKI, base64). If any are given, the endpoint's certificate must have one of these keys, too; with `insecure` nothing but the key counts.",
    {
      hazard: "An endpoint that renews its key is refused: pin the next key beforehand.",
      reload: "reconnect",
    },
  ),
});

export type UpstreamTlsConfig = Frozen<z.output<typeof upstreamTlsSchema>>;
