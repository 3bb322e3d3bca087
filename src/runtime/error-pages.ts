/** Error pages of a route: the page for a status, in place of Headgate's plain text or of an endpoint's answer. */
import type { RouteConfig } from "../config/schema-route.ts";
import { evaluate, type Template, templateOf } from "../core/template.ts";
import { reasonPhrase } from "../http1/reason-phrase.ts";
import type { LocalResponse } from "../proxy/local-response.ts";
import type { RequestScope } from "../proxy/request-scope.ts";
import type { ErrorPages } from "../proxy/route-plan.ts";
import { statusSet } from "./endpoint-settings.ts";

interface Page {
  readonly statuses: ReadonlySet<number>;
  readonly body: Template;
  readonly contentType: string;
  readonly status: number | null;
  readonly replacesUpstream: boolean;
}

const typeLine = /^content-type:[^\r]*\r\n/im;

/** Null for a route without any. */
export function compileErrorPages({ errorPages }: RouteConfig): ErrorPages | null {
  if (errorPages.length === 0) return null;
  const pages = errorPages.map((page): Page => ({
    statuses: statusSet(page.statuses),
    body: templateOf(page.body, { stage: "response" }),
    contentType: page.contentType,
    status: page.status,
    replacesUpstream: page.replaceUpstream,
  }));
  const find = (status: number): Page | undefined => pages.find(({ statuses }) => statuses.has(status));
  const replaced = pages.filter(({ replacesUpstream }) => replacesUpstream);
  return {
    inPlaceOf(response, scope) {
      const page = find(response.status);
      return page === undefined ? response : render(page, response, scope);
    },
    replacesUpstream: (status) => replaced.some(({ statuses }) => statuses.has(status)),
  };
}

function render(page: Page, response: LocalResponse, scope: RequestScope): LocalResponse {
  const status = page.status ?? response.status;
  const otherLines = response.fieldLines.replace(typeLine, "");
  return {
    status,
    reason: reasonPhrase(status),
    fieldLines: `${otherLines}Content-Type: ${page.contentType}\r\n`,
    body: evaluate(page.body, scope),
  };
}
