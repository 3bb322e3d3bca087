/** Assertions about routing for CI: `GET http://example.com/api/x => app`. They send nothing. */
import type { Config } from "../config/schema.ts";
import { explainMatch } from "../routing/explain.ts";
import { actionText, configRouteTable, poolsOf } from "./config-routes.ts";
import { HypotheticalRequest, SketchError } from "./hypothetical-request.ts";

export interface RouteAssertion {
  readonly method: string;
  readonly url: string;
  /** A route's name, a pool's name, `404` for no route, or `400` for a path that can be read in two ways. */
  readonly expected: string;
  readonly text: string;
}

export interface AssertionResult {
  readonly assertion: RouteAssertion;
  readonly holds: boolean;
  /** Where the request goes, in words; with the near misses where it goes nowhere. */
  readonly found: string;
}

/** Reads `[METHOD] URL => EXPECTED`. Throws a SketchError. */
export function parseAssertion(text: string): RouteAssertion {
  const match = /^\s*(?:([A-Za-z]+)\s+)?(\S+)\s*=>\s*(.+?)\s*$/.exec(text);
  if (match === null)
    throw new SketchError(`'${text}' is no assertion such as: GET http://example.com/api/x => app`);
  const [, method = "GET", url = "", expected = ""] = match;
  return { method: method.toUpperCase(), url, expected, text: text.trim() };
}

export function checkAssertions(
  config: Config,
  assertions: readonly RouteAssertion[],
): readonly AssertionResult[] {
  const table = configRouteTable(config);
  return assertions.map((assertion) => {
    const request = new HypotheticalRequest(assertion, config.listeners[0]?.name ?? "");
    const explanation = explainMatch(table, request);
    const route = config.routes.find(({ name }) => name === explanation.route);
    if (route === undefined) {
      const status = explanation.outcome === "unclear-path" ? "400" : "404";
      const nearest = explanation.nearMisses[0];
      const hint = nearest === undefined ? "" : `; nearest is ${nearest.route}: ${nearest.reason}`;
      return {
        assertion,
        holds: assertion.expected === status,
        found: `${status} ${explanation.outcome}${hint}`,
      };
    }
    const status = route.respond?.status ?? route.redirect?.status;
    const names = [
      route.name,
      actionText(route),
      ...poolsOf(route).map(({ pool }) => pool),
      ...(status === undefined ? [] : [String(status)]),
    ];
    return {
      assertion,
      holds: names.includes(assertion.expected),
      found: `route ${route.name}, ${actionText(route)}`,
    };
  });
}
