/** Listeners that send everybody to HTTPS: one plan for all their requests, ahead of the route table. */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import { plainResponse } from "../proxy/local-response.ts";
import type { Router } from "../proxy/proxy-context.ts";
import type { RequestScope } from "../proxy/request-scope.ts";
import { localPlan } from "./local-plan.ts";

const httpsPort = 443;

/** The router itself where no listener redirects. */
export function redirectingToHttps(router: Router, config: Config, clock: Clock): Router {
  const ports = new Map<string, number>();
  for (const { name, redirectToHttps } of config.listeners)
    if (redirectToHttps !== 0) ports.set(name, redirectToHttps);
  if (ports.size === 0) return router;
  const plan = localPlan("redirect-to-https", (scope) => {
    const location = httpsUrl(scope, ports.get(scope.listener) ?? httpsPort);
    // Without a host there is nowhere to point at. Methods with a body must come again as they are.
    if (location === null) return plainResponse(400, "", "", clock);
    const status = scope.method === "GET" || scope.method === "HEAD" ? 301 : 308;
    return plainResponse(status, "", `Location: ${location}\r\n`, clock);
  });
  return { route: (scope) => (ports.has(scope.listener) && !scope.isSecure ? plan : router.route(scope)) };
}

function httpsUrl({ host, target }: RequestScope, port: number): string | null {
  if (host === "") return null;
  return `https://${host}${port === httpsPort ? "" : `:${port}`}${target === "*" ? "/" : target}`;
}
