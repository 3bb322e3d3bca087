/** `headgate explain`: what would happen to a request, on a running Headgate or by a file alone. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { addAdminOptions, type AdminOptions, clientFor, print } from "./admin-verb.ts";
import { UserError } from "./failure.ts";
import { milliseconds, table } from "./table.ts";

interface ExplainOptions extends AdminOptions {
  readonly header: readonly string[];
  readonly client?: string;
  readonly listener?: string;
  readonly config?: string;
}

type Explanation = AdminDocument<"Explanation">;
type PoolExplanation = Explanation["pools"][number];

const examples = `
Examples:
  Ask the running Headgate:
    $ headgate explain GET http://example.com/api/x -H "X-Canary: 1"

  Ask a file; nothing needs to run:
    $ headgate explain http://example.com/api/x --config headgate.yaml`;

export function addExplainVerb(program: Command): void {
  addAdminOptions(program.command("explain"))
    .description("say what would happen to a request, and why; sends nothing")
    .argument("<method-or-url>", "GET unless a method is given")
    .argument("[url]", "http://host/path, or a path alone")
    .option("-H, --header <line>", "a header, as in 'Cookie: a=b'; may be repeated", collect, [])
    .option("--client <address>", "the client's address", "127.0.0.1")
    .option("--listener <name>", "the listener it arrives at (default: the first)")
    .option("-c, --config <file>", "explain this file instead of the running Headgate")
    .addHelpText("after", examples)
    .action(explain);
}

async function explain(first: string, second: string | undefined, options: ExplainOptions): Promise<void> {
  const sketch = {
    method: second === undefined ? "GET" : first,
    url: second ?? first,
    headers: options.header.map(headerOf),
    client: options.client,
    ...(options.listener === undefined ? {} : { listener: options.listener }),
  };
  const explanation =
    options.config === undefined
      ? await clientFor(options).send("Explanation", "POST", "/v1/explain", { body: sketch })
      : await explainFile(options.config, sketch);
  print(explanation, options, explanationText);
}

async function explainFile(path: string, sketch: Record<string, unknown>): Promise<Explanation> {
  const { readFile } = await import("./read-config.ts");
  const { explainRequest } = await import("../runtime/explain.ts");
  const { SketchError } = await import("../runtime/hypothetical-request.ts");
  const { systemClock } = await import("../platform/clock.ts");
  const { systemRandom } = await import("../platform/random.ts");
  const { config } = await readFile(path);
  const parts = { config, clock: systemClock, random: systemRandom, shared: null, probeReason: () => null };
  const { client, ...rest } = sketch as { client?: string; url: string };
  try {
    const explanation = explainRequest(
      { ...rest, ...(client === undefined ? {} : { clientAddress: client }) },
      parts,
    );
    return structuredClone(explanation) as unknown as Explanation;
  } catch (error) {
    throw error instanceof SketchError ? new UserError(error.message) : error;
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function headerOf(line: string): [string, string] {
  const match = /^([^\s:]+):\s*(.*)$/.exec(line);
  if (match === null) throw new UserError(`'${line}' is no header such as 'Cookie: a=b'.`);
  return [match[1] ?? "", match[2] ?? ""];
}

function explanationText(explanation: Explanation): string {
  const { request, route, outcome, limits, isLive } = explanation;
  const query = request.query === "" ? "" : `?${request.query}`;
  const lines = [
    `${request.method} ${request.isSecure ? "https" : "http"}://${request.host}${request.path}${query} from ${request.clientAddress} at ${request.listener}`,
    `→ ${outcome}`,
  ];
  if (route.readings.length > 1) {
    lines.push(
      "the path can be read in several ways:",
      ...route.readings.map((reading) => `  ${reading.path} → ${reading.route ?? "no route"}`),
    );
  }
  const captures = Object.entries(route.captures);
  if (captures.length > 0)
    lines.push(`captures: ${captures.map(([name, value]) => `${name}=${value}`).join(", ")}`);
  lines.push(
    ...route.alsoMatching.map((other) => `also matches, but ${other.because} decided: ${other.route}`),
  );
  lines.push(...route.nearMisses.map((miss) => `no match: ${miss.route}: ${miss.reason}`));
  if (limits !== null) lines.push(limitText(limits));
  for (const pool of explanation.pools) lines.push("", ...poolLines(pool, isLive));
  return lines.join("\n");
}

function limitText({ exchangeMs, requestBodyBytes }: NonNullable<Explanation["limits"]>): string {
  const deadline = exchangeMs === null ? "no deadline" : `deadline ${milliseconds(exchangeMs)}`;
  return `limits: ${deadline}, request body ${requestBodyBytes === null ? "unlimited" : `up to ${requestBodyBytes} bytes`}`;
}

function poolLines(pool: PoolExplanation, isLive: boolean): string[] {
  const { timeouts, key, choice } = pool;
  const share = pool.share === 1 ? "" : ` (${Math.round(pool.share * 1000) / 10} % of the route's requests)`;
  const times = `connect ${milliseconds(timeouts.connect)}, response head ${milliseconds(timeouts.responseHead)}, silence ${milliseconds(timeouts.upstreamIdle)}`;
  return [
    `pool ${pool.pool}${share}, policy ${pool.policy}${pool.isPanicking ? ", IN PANIC" : ""}`,
    `  ${pool.attemptsMax === undefined ? "" : `up to ${pool.attemptsMax} attempts; `}${times}`,
    ...(key === null ? [] : [`  key '${key}'`]),
    ...(choice === null ? [] : [`  goes to ${choice}`]),
    ...(pool.isSticky === true ? ["  a sticky binding, if the request carries one, comes first"] : []),
    table(
      [
        ["  ENDPOINT", "ELIGIBLE", "WEIGHT", "TIER", "ACTIVE", "LATENCY", "WHY NOT"],
        ...pool.endpoints.map((endpoint) => [
          `  ${endpoint.name}`,
          endpoint.isEligible ? "yes" : "no",
          String(endpoint.weight),
          String(endpoint.tier),
          isLive ? String(endpoint.activeRequests) : "-",
          milliseconds(endpoint.meanLatencyMs),
          endpoint.reasons.join("; "),
        ]),
      ],
      [2, 3, 4, 5],
    ),
  ];
}
