/**
 * A configuration that comes over the network may start no program that the one in force does not: who
 * may change the balancing shall not thereby run what he likes on the machine.
 */
import type { ConfigIssue } from "./issue.ts";
import type { LoadResult } from "./load.ts";
import type { Config } from "./schema.ts";

/** The result as it is, or issues for each foreign command. */
export function withOwnCommands(result: LoadResult, current: Config): LoadResult {
  if (!("config" in result)) return result;
  const own = new Set(commandsOf(current).map(([, command]) => command));
  const issues = commandsOf(result.config)
    .filter(([, command]) => !own.has(command))
    .map(([name]) => issueOf(name));
  const { files, origin } = result;
  return issues.length === 0 ? result : { files, origin, issues };
}

function commandsOf({ alerts }: Config): readonly (readonly [receiver: string, command: string])[] {
  return Object.entries(alerts?.receivers ?? {}).flatMap(([name, { command }]) =>
    command === null ? [] : [[name, JSON.stringify(command)] as const],
  );
}

function issueOf(receiver: string): ConfigIssue {
  return {
    severity: "error",
    code: "foreign-command",
    path: ["alerts", "receivers", receiver, "command"],
    message: `alerts.receivers.${receiver}.command: only the configuration file can say which programs are started`,
    found: null,
    allowed: "a command that is in force",
    suggestion: null,
    location: null,
  };
}
