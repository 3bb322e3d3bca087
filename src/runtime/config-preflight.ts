/**
 * What can only be looked at on this machine before a configuration is made current: routes compiled as
 * the data planes will, files of passwords, modules of policies and hooks, where the access log goes. All problems are reported at once.
 */
import type { ConfigIssue, Path } from "../config/issue.ts";
import { nowhere } from "../config/issue.ts";
import { routeIssue } from "../config/route-issue.ts";
import type { Config } from "../config/schema.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import { moduleUrl } from "../platform/modules.ts";
import { unixSocketKind } from "../platform/unix-socket-kind.ts";
import { compileRouteActions } from "../routing/route-actions.ts";
import type { RouteProblem } from "../routing/route-spec.ts";
import { checkRoutes } from "../routing/route-table.ts";
import { ConfigError } from "./config-error.ts";
import { loadHookModule } from "./hook-modules.ts";
import { readPasswordFile } from "./password-files.ts";
import { loadPolicyModule, tryPolicyModule } from "./policy-modules.ts";

/** What data planes are given of it. */
export interface NamedFiles {
  /** Users and hashes from files, by route. */
  readonly passwords: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Addresses of policy modules, by pool. */
  readonly policyModules: Readonly<Record<string, string>>;
  /** Address of the module of the hooks; null without one. */
  readonly hooks: string | null;
  /** The authorities that the access log's receiver is verified by; null for the system's. */
  readonly accessLogCa: string | null;
}

/** Throws a ConfigError with everything that is wrong. */
export async function preflight(config: Config, readTextFile: (path: string) => string): Promise<NamedFiles> {
  const issues = routeIssues(config);
  const passwords = readPasswords(config, readTextFile, issues);
  const policyModules = await findPolicyModules(config, issues);
  const hooks = await findHooks(config, issues);
  const accessLogCa = readAccessLogCa(config, readTextFile, issues);
  issues.push(...socketIssues(config));
  if (issues.length > 0) throw new ConfigError(issues);
  return { passwords, policyModules, hooks, accessLogCa };
}

function readAccessLogCa(
  { accessLog }: Config,
  readTextFile: (path: string) => string,
  issues: ConfigIssue[],
): string | null {
  if (accessLog === null || accessLog.ca === null) return null;
  try {
    return readTextFile(accessLog.ca);
  } catch (error) {
    issues.push(issueAt(["accessLog", "ca"], `the file of authorities cannot be read: ${reasonOf(error)}`));
    return null;
  }
}

/** A socket where a file should be, or one that takes datagrams: nothing would ever arrive there. */
function socketIssues({ accessLog }: Config): ConfigIssue[] {
  if (accessLog === null) return [];
  const { path } = accessLog;
  const isUnix = path.startsWith("syslog+unix:");
  const kind = unixSocketKind(isUnix ? path.slice("syslog+unix:".length) : path);
  if (kind === "datagram")
    return [
      issueAt(
        ["accessLog", "path"],
        "this socket takes datagrams, which Node.js cannot send to a file's name",
        {
          allowed:
            "syslog://127.0.0.1:514, syslog+tcp://127.0.0.1:601 or syslog+unix: with a stream socket, on which the daemon must listen (rsyslog: module imudp or imtcp; syslog-ng: source network() or unix-stream())",
        },
      ),
    ];
  if (kind === "stream" && !isUnix)
    return [
      issueAt(["accessLog", "path"], "this is a socket, not a file", { allowed: `syslog+unix:${path}` }),
    ];
  return [];
}

async function findHooks({ hooks, workers }: Config, issues: ConfigIssue[]): Promise<string | null> {
  if (hooks === null) return null;
  if (hooks.path === null) {
    if (workers !== 0)
      issues.push(
        issueAt(["hooks"], "functions cannot be handed to worker threads", {
          allowed: "workers: 0, or the path of a module: hooks: ./hooks.ts",
        }),
      );
    return null;
  }
  try {
    const url = moduleUrl(hooks.path);
    await loadHookModule(url);
    return url;
  } catch (error) {
    issues.push(issueAt(["hooks", "path"], `the hooks' module cannot be used: ${reasonOf(error)}`));
    return null;
  }
}

function routeIssues(config: Config): ConfigIssue[] {
  const specs = config.routes.map(({ name, match, priority }) => ({ name, match, priority, payload: null }));
  const problems = [...checkRoutes(specs), ...config.routes.flatMap(actionProblems)];
  return problems.map((problem) =>
    routeIssue(problem, config, nowhere("configuration"), "error", "bad-route"),
  );
}

function actionProblems(route: RouteConfig): readonly RouteProblem[] {
  const { problems } = compileRouteActions(route.name, route.match, {
    ...route,
    requestHeaders: route.headers.request,
    responseHeaders: route.headers.response,
  });
  return problems;
}

function readPasswords(
  config: Config,
  readTextFile: (path: string) => string,
  issues: ConfigIssue[],
): NamedFiles["passwords"] {
  const passwords: Record<string, Readonly<Record<string, string>>> = {};
  for (const [index, { name, basicAuth }] of config.routes.entries()) {
    if (basicAuth === null || basicAuth.file === null) continue;
    const path: Path = ["routes", index, "basicAuth", "file"];
    try {
      const { users, faults } = readPasswordFile(readTextFile(basicAuth.file));
      passwords[name] = users;
      for (const fault of faults) issues.push(issueAt(path, `the password file ${basicAuth.file}, ${fault}`));
    } catch (error) {
      issues.push(issueAt(path, `the password file cannot be read: ${reasonOf(error)}`));
    }
  }
  return passwords;
}

async function findPolicyModules(
  config: Config,
  issues: ConfigIssue[],
): Promise<NamedFiles["policyModules"]> {
  const urls: Record<string, string> = {};
  for (const [pool, { policy }] of Object.entries(config.pools)) {
    if (policy.name === "custom" && config.workers !== 0) {
      issues.push(
        issueAt(["pools", pool, "policy"], "a function cannot be handed to worker threads", {
          allowed: "workers: 0, or a module: { name: module, path: ./policy.ts }",
        }),
      );
    }
    if (policy.name !== "module") continue;
    try {
      const url = moduleUrl(policy.path);
      tryPolicyModule(await loadPolicyModule(url), policy.options);
      urls[pool] = url;
    } catch (error) {
      issues.push(
        issueAt(["pools", pool, "policy", "path"], `the policy's module cannot be used: ${reasonOf(error)}`),
      );
    }
  }
  return urls;
}

function issueAt(path: Path, message: string, more: { readonly allowed?: string } = {}): ConfigIssue {
  return {
    severity: "error",
    code: "unusable",
    path,
    message,
    found: null,
    allowed: more.allowed ?? null,
    suggestion: null,
    location: null,
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
