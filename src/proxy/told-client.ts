/** What a PROXY header may tell of an exchange's client, from the facts that are known of its connection. */
import type { ExchangeFact } from "../core/template-scope.ts";
import type { ToldClient } from "../listener/proxy-own-tlvs.ts";

export function toldClient(facts: { fact(name: ExchangeFact): string | number | undefined }): ToldClient {
  const textOf = (name: ExchangeFact): string => String(facts.fact(name) ?? "");
  if (facts.fact("tls.version") === undefined) return { tls: null, alpn: "", serverName: "" };
  const subject = facts.fact("tls.client_subject");
  return {
    alpn: textOf("tls.alpn"),
    serverName: textOf("tls.server_name"),
    tls: {
      version: textOf("tls.version"),
      cipher: textOf("tls.cipher"),
      clientSubject: subject === undefined ? null : String(subject),
      clientVerify: textOf("tls.client_verify"),
      isResumed: facts.fact("tls.is_resumed") === 1,
    },
  };
}
