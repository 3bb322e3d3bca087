/** Made-up requests for tests of routing, from a line such as `GET https://www.example.com/a?b=c`. */
import type { ExchangeFact, RequestFacts } from "../../src/core/template-scope.ts";

export interface FactParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly clientAddress?: string;
  readonly listener?: string;
  readonly facts?: Readonly<Partial<Record<ExchangeFact, string | number>>>;
}

export function requestFacts(line: string, parts: FactParts = {}): RequestFacts {
  const found = /^(\S+) (?:(https?):\/\/([^/?*]*))?(.*)$/s.exec(line);
  if (found === null) throw new RangeError(`not a request line: ${line}`);
  const [, method = "", scheme = "http", host = "localhost", target = ""] = found;
  const mark = target.indexOf("?");
  return {
    method,
    target,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? "" : target.slice(mark + 1),
    host,
    clientAddress: parts.clientAddress ?? "192.0.2.1",
    isSecure: scheme === "https",
    listener: parts.listener ?? "main",
    header: (name) => parts.headers?.[name],
    fact: (name) => parts.facts?.[name],
  };
}
