/**
 * A configuration that comes over the network may start no program and load no module that the one in
 * force does not: who may change the balancing shall not thereby run what he likes on the machine.
 */
import { type ConfigIssue, formatPath, type Path } from "./issue.ts";
import type { LoadResult } from "./load.ts";
import type { Config } from "./schema.ts";

interface Foreign {
  readonly path: Path;
  readonly what: "programs are started" | "modules are loaded";
  readonly text: string;
}

/** The result as it is, or issues for each foreign command or module. */
export function withOwnCommands(result: LoadResult, current: Config): LoadResult {
  if (!("config" in result)) return result;
  const own = new Set(codeIn(current).map(({ text }) => text));
  const issues = codeIn(result.config)
    .filter(({ text }) => !own.has(text))
    .map(issueOf);
  const { files, origin } = result;
  return issues.length === 0 ? result : { files, origin, issues };
}

/** Everything in a configuration that makes the machine run something. */
function codeIn({ alerts, hooks, pools }: Config): Foreign[] {
  const commands = Object.entries(alerts?.receivers ?? {}).flatMap(([name, { command }]): Foreign[] =>
    command === null
      ? []
      : [
          {
            path: ["alerts", "receivers", name, "command"],
            what: "programs are started",
            text: `command ${JSON.stringify(command)}`,
          },
        ],
  );
  const policies = Object.entries(pools).flatMap(([name, { policy }]): Foreign[] =>
    policy.name === "module"
      ? [
          {
            path: ["pools", name, "policy", "path"],
            what: "modules are loaded",
            text: `policy ${policy.path}`,
          },
        ]
      : [],
  );
  const hookPath = hooks?.path ?? null;
  if (hookPath === null) return [...commands, ...policies];
  return [
    ...commands,
    ...policies,
    { path: ["hooks"], what: "modules are loaded", text: `hooks ${hookPath}` },
  ];
}

function issueOf({ path, what }: Foreign): ConfigIssue {
  return {
    severity: "error",
    code: "foreign-command",
    path,
    message: `${formatPath(path)}: only the configuration file can say which ${what}`,
    found: null,
    allowed: "what is in force",
    suggestion: null,
    location: null,
  };
}
