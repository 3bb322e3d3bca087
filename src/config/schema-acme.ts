/** Certificates from an authority that speaks ACME (RFC 8555), got and renewed without anybody's doing. */
import * as z from "zod";
import { field } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, flag, text, textAs } from "./leaves.ts";
import { filePath } from "./texts.ts";

/** By name, or any other by its URL. */
const knownDirectories: Readonly<Record<string, string>> = {
  letsencrypt: "https://acme-v02.api.letsencrypt.org/directory",
  "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
};

function directory() {
  const allowed =
    "letsencrypt, letsencrypt-staging, or the URL of a directory such as https://acme.example.com/directory";
  return textAs(allowed, (input) => {
    const url = knownDirectories[input] ?? input;
    if (!URL.canParse(url)) return { allowed };
    const { protocol } = new URL(url);
    return protocol === "https:" ? { value: url } : { allowed, reason: "ACME is spoken over https only" };
  });
}

function email() {
  const allowed = "an address such as ops@example.com";
  return textAs(allowed, (input) =>
    /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(input) ? { value: input } : { allowed },
  );
}

const externalAccount = z.strictObject({
  keyId: field(text("the identifier that the authority gave out"), "The key's identifier."),
  key: field(text("the key that the authority gave out"), "The key, base64url.", { isSecret: true }),
});

export const acmeSchema = z.strictObject({
  directory: field(
    directory().prefault("letsencrypt"),
    "The authority: `letsencrypt`, `letsencrypt-staging` for trying things out, or the URL of another one's directory.",
    {
      hazard: "Authorities limit how often one may ask: try a new setup with `letsencrypt-staging`.",
    },
  ),
  agreeToTerms: field(
    flag().prefault(false),
    "That you agree to the authority's terms of service; nothing is asked for otherwise.",
  ),
  email: field(email().nullable().prefault(null), "Where the authority may write to."),
  ca: field(
    filePath().nullable().prefault(null),
    "PEM file of the authorities that vouch for the ACME server itself, for one of your own.",
    { defaultText: "the system's authorities" },
  ),
  externalAccount: field(
    externalAccount.nullable().prefault(null),
    "External account binding, which some authorities want.",
  ),
  challenges: field(
    z
      .array(choice(["http-01", "tls-alpn-01"]))
      .min(1)
      .prefault(["http-01", "tls-alpn-01"]),
    "How to show that a name is ours, by turns until one works: `http-01` over port 80, `tls-alpn-01` over port 443.",
  ),
  keyKind: field(choice(["ecdsa", "rsa"]).prefault("ecdsa"), "The kind of key: ECDSA P-256 or RSA 2048."),
  folder: field(
    filePath().nullable().prefault(null),
    "Where the account's key and the certificates are kept, readable by their owner only.",
    { defaultText: "`headgate/acme` in the user's data folder" },
  ),
});

export type AcmeConfig = Frozen<z.output<typeof acmeSchema>>;
