/** TLS towards clients: certificates, which clients and protocols are let in, and how long sessions resume. */
import * as z from "zod";
import { field, leaf, oneOrMany, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, count, duration, durationOrOff, flag, text, textAs } from "./leaves.ts";
import { isHostName, isIp } from "../core/address.ts";
import { filePath } from "./texts.ts";

/** A name as certificates write it: a wildcard stands for the first label. */
function serverName() {
  const allowed = "a name such as www.example.com or *.example.com";
  return textAs(allowed, (input) => {
    if (isIp(input)) return { allowed, reason: "clients ask for names only, not for addresses" };
    const isName = isHostName(input.replace(/^\*\./, "")) && !input.endsWith(".");
    return isName ? { value: input.toLowerCase() } : { allowed, ...mendName(input) };
  });
}

/** A name that an authority can look at over HTTP or TLS. */
function provableName() {
  const allowed = "a name such as www.example.com";
  return textAs(allowed, (input) => {
    if (isIp(input)) return { allowed, reason: "certificates are got for names only, not for addresses" };
    if (input.startsWith("*."))
      return { allowed, reason: "a wildcard is proved over DNS (DNS-01), which is not spoken here" };
    const isName = isHostName(input) && !input.endsWith(".");
    return isName ? { value: input.toLowerCase() } : { allowed, ...mendName(input) };
  });
}

/** As certificates and SNI have it: A-labels (RFC 5890 §2.3.2.1), without the dot of the root. */
function mendName(input: string): { readonly suggestion?: string } {
  const bare = input.replace(/\.$/, "");
  const url = `http://${bare}`;
  const name = URL.canParse(url) ? new URL(url).hostname : "";
  return name !== input && isHostName(name) ? { suggestion: name } : {};
}

/** `1.2` without quotes is a number in YAML. */
function tlsVersion() {
  const words = ["1.2", "1.3"] as const;
  const allowed = "1.2 or 1.3";
  return leaf<"1.2" | "1.3" | 1.2 | 1.3, "1.2" | "1.3">({
    parse: (input) => {
      const word = words.find((candidate) => candidate === String(input));
      if (word !== undefined) return { value: word };
      if (/^(?:TLSv?)?1(?:\.[01])?$/i.test(String(input)))
        return { allowed, reason: "TLS 1.0 and 1.1 are not spoken (RFC 8996)" };
      return { allowed, suggestion: words.find((candidate) => String(input).endsWith(candidate)) ?? null };
    },
    json: { enum: ["1.2", "1.3", 1.2, 1.3] },
  });
}

const keyPair = z.strictObject({
  certificate: field(
    filePath(),
    "PEM file: the certificate, then the intermediates that lead to its authority.",
  ),
  key: field(filePath(), "PEM file of the certificate's private key, without a passphrase."),
  names: field(z.array(serverName()).prefault([]), "The server names (SNI) it is shown for.", {
    defaultText: "the names in the certificate",
  }),
});

const clientCertificates = z.strictObject({
  mode: field(
    choice(["request", "require", "verify"]).prefault("verify"),
    "`request` asks and lets everyone in, `require` wants a certificate of any origin, `verify` one that the CA vouches for.",
    {
      hazard:
        "With `request` and `require` anyone can make a certificate with any name: routes must look at `${tls.client_verify}`.",
    },
  ),
  ca: field(filePath().nullable().prefault(null), "PEM file of the authorities that may vouch for clients.", {
    defaultText: "the system's authorities",
  }),
  crl: field(
    filePath().nullable().prefault(null),
    "PEM file of certificates that were revoked (CRL), one list for each authority.",
    { hazard: "A list that has expired lets nobody in." },
  ),
});

const onDemand = z.strictObject({
  allow: field(
    z.array(serverName()).min(1),
    "Names that a certificate may be got for when a client asks for them: whole ones, or `*.example.com` for one label.",
    {
      hazard:
        "Whoever can point names at this listener makes it ask for certificates: keep to names of your own.",
    },
  ),
  namesMax: field(count(1, 100_000).prefault(1000), "Most names that are kept."),
});

const hstsObject = z.strictObject({
  maxAge: field(
    durationOrOff().prefault("off"),
    "How long browsers remember to come by HTTPS only (Strict-Transport-Security).",
    { hazard: "It cannot be taken back before that time: begin with an hour." },
  ),
  includeSubdomains: field(flag().prefault(false), "It holds for all names below, too."),
  preload: field(flag().prefault(false), "Allow browsers to ship with this rule for the domain."),
});

const tlsObject = z.strictObject({
  source: field(
    choice(["files", "self-signed", "acme"]).prefault("files"),
    "Where certificates come from: the `certificates` below, `acme` from an authority for the `names` below, or `self-signed` by an authority made once on this machine, for development.",
  ),
  names: field(
    z.array(provableName()).prefault([]),
    "With `acme`: the names to get certificates for, one each. Until there is one, a stand-in is shown that nobody trusts.",
  ),
  onDemand: field(
    onDemand.nullable().prefault(null),
    "With `acme`: get certificates for further names when the first client asks for them; that client is not waited for.",
  ),
  certificates: field(
    oneOrMany(keyPair).prefault([]),
    "Certificates with their keys. For one name there may be one of each kind (ECDSA, RSA): the client chooses. The first one also serves names nobody has.",
    { identity: "certificate" },
  ),
  preset: field(
    choice(["intermediate", "modern"]).prefault("intermediate"),
    "Mozilla's recommendation for versions and ciphers: `intermediate` serves every client of the last ten years, `modern` is TLS 1.3 only.",
  ),
  minVersion: field(tlsVersion().nullable().prefault(null), "Oldest version of TLS spoken.", {
    defaultText: "the preset's",
  }),
  alpn: field(
    z.array(text("a protocol such as h2 or http/1.1")).nullable().prefault(null),
    "Protocols agreed to in the handshake (ALPN), best first. HTTP is `h2` and `http/1.1`; with `protocol: tcp` it is what the endpoints speak, and a client that offers none of these is refused.",
    { defaultText: "`h2` and `http/1.1`; with `protocol: tcp` none is agreed on and nobody refused" },
  ),
  clientCertificates: field(
    clientCertificates.nullable().prefault(null),
    "Ask clients for certificates of their own; not unless this is given.",
  ),
  sessionLifetime: field(
    durationOrOff().prefault("12h"),
    "How long a client may resume a session instead of shaking hands in full; `off` hands out no tickets.",
    { hazard: "Whoever steals the ticket keys from memory can read TLS 1.2 sessions of so long ago." },
  ),
  handshakeTimeout: field(duration(100).prefault("10s"), "Time a handshake may take."),
  handshakesMax: field(
    count(1).prefault(2000),
    "Most handshakes under way at once in one worker; further connections are closed.",
  ),
  hsts: field(
    withShorthand(hstsObject, "maxAge", "a duration such as 365d, or a section").prefault("off"),
    "Tells browsers to come by HTTPS from now on.",
  ),
});

export const serverTlsSchema = withShorthand(
  tlsObject,
  "source",
  "self-signed, acme, or a section with certificates",
);

export type ServerTlsConfig = Frozen<z.output<typeof tlsObject>>;
