/** Gives a place in the source to what the route compiler finds: problems, ambiguities, shadowed routes. */
import { nearestLocation, type ConfigIssue, type Origin, type Path, type PathStep } from "./issue.ts";
import type { Config } from "./schema.ts";

/** As routing reports it: the route by name, and the field as `match.path[1]`. */
export interface RouteFinding {
  readonly route: string;
  readonly field: string;
  readonly problem: string;
  readonly fix: string | null;
}

/** `code` is a stable name for the kind of finding, such as `bad-route` or `ambiguous-route`. */
export function routeIssue(
  finding: RouteFinding,
  config: Config,
  origin: Origin,
  severity: ConfigIssue["severity"],
  code: string,
): ConfigIssue {
  const index = config.routes.findIndex(({ name }) => name === finding.route);
  const path: Path = ["routes", Math.max(0, index), ...stepsOf(finding.field)];
  return {
    severity,
    code,
    path,
    message: `route ${finding.route}, ${finding.field}: ${finding.problem}`,
    found: null,
    allowed: null,
    suggestion: finding.fix,
    location: nearestLocation(origin, path, "value"),
  };
}

/** `match.any[0].header.x-id` as steps. A name with dots in it ends at the section around it. */
function stepsOf(field: string): PathStep[] {
  return [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? (key ?? "") : Number(index),
  );
}
