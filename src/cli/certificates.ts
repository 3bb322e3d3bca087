/** `headgate certificates`: which are shown and until when; renewing and revoking those of an authority. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { addAdminOptions, type AdminOptions, clientFor, print } from "./admin-verb.ts";
import { printable } from "./printable.ts";
import { localTime, table } from "./table.ts";

type List = AdminDocument<"CertificateList">;

const path = "/v1/certificates";

export function addCertificatesVerb(program: Command): void {
  const verb = addAdminOptions(program.command("certificates"))
    .description("show certificates in use, and how those of an ACME authority are doing")
    .action(async (options: AdminOptions) => {
      print(await clientFor(options).get("CertificateList", path), options, certificatesText);
    });
  addAdminOptions(verb.command("refresh"))
    .description("read certificates, keys and revocation lists anew")
    .action(async (options: AdminOptions) => order(`${path}/refresh`, options));
  addAdminOptions(verb.command("renew"))
    .description("ask the authority for another certificate now")
    .argument("<name>")
    .action(async (name: string, options: AdminOptions) => order(pathOf(name, "renew"), options));
  addAdminOptions(verb.command("revoke"))
    .description("have the authority revoke a certificate and ask for another")
    .argument("<name>")
    .action(async (name: string, options: AdminOptions) => order(pathOf(name, "revoke"), options));
}

function pathOf(name: string, what: string): string {
  return `${path}/${encodeURIComponent(name)}/${what}`;
}

async function order(target: string, options: AdminOptions): Promise<void> {
  print(await clientFor(options).send("CertificateList", "POST", target), options, certificatesText);
}

export function certificatesText({ certificates, automatic }: List): string {
  if (certificates.length === 0) return "No listener speaks TLS.";
  return [
    table([
      ["LISTENER", "NAMES", "KEY", "EXPIRES", "SOURCE"],
      ...certificates.map(({ listener, names, keyKind, expires, source }) => [
        listener,
        printable(names.join(" ")),
        keyKind,
        lastDay(expires),
        source,
      ]),
    ]),
    ...(automatic.length === 0 ? [] : ["", automaticText(automatic)]),
  ].join("\n");
}

function automaticText(automatic: List["automatic"]): string {
  const now = new Date();
  return table([
    ["AUTOMATIC", "STATE", "EXPIRES", "NEXT TRY", "WHY"],
    ...automatic.map(({ name, state, isOrdering, expires, nextTry, failures, reason }) => [
      name,
      isOrdering ? `${state}, being got` : state,
      expires === null ? "none yet" : lastDay(expires),
      localTime(nextTry, now),
      reason === null ? "" : printable(`${failures} in a row: ${reason}`),
    ]),
  ]);
}

function lastDay(time: string): string {
  const days = Math.floor((Date.parse(time) - Date.now()) / 86_400_000);
  return `${time.slice(0, 10)} (${days < 0 ? "expired" : days === 1 ? "1 day" : `${days} days`})`;
}
