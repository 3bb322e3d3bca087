/** Made-up template scopes: a request from a line, with captures, response headers and facts beside it. */
import type { ExchangeFact, TemplateScope } from "../../src/core/template-scope.ts";
import { requestFacts, type FactParts } from "./request-facts.ts";

export interface ScopeParts extends FactParts {
  readonly captures?: Readonly<Record<string, string>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly facts?: Partial<Record<ExchangeFact, string | number>>;
}

export function templateScope(line: string, parts: ScopeParts = {}): TemplateScope {
  return {
    ...requestFacts(line, parts),
    capture: (name) => parts.captures?.[name],
    responseHeader: (name) => parts.responseHeaders?.[name],
    fact: (name) => parts.facts?.[name],
    wallMs: () => Date.UTC(2026, 10, 21),
  };
}
