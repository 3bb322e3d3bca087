/** `headgate explain`: what would happen to a request, on a running Headgate or by a file alone. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import type { Config } from "../config/schema.ts";
import type { PolicyModule } from "../runtime/policy-modules.ts";
import { addAdminOptions, type AdminOptions, clientFor, print } from "./admin-verb.ts";
import { UserError } from "./failure.ts";
import { explanationText } from "./explanation-text.ts";

interface ExplainOptions extends AdminOptions {
  readonly header: readonly string[];
  readonly client?: string;
  readonly listener?: string;
  readonly config?: string;
}

type Explanation = AdminDocument<"Explanation">;

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
  const parts = {
    config,
    clock: systemClock,
    random: systemRandom,
    shared: null,
    policyModules: await policyModulesOf(config),
    probeReason: () => null,
    ejectionReason: () => null,
  };
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

/** A module that cannot be loaded leaves its pool without scores; `headgate check` says what is wrong with it. */
async function policyModulesOf(config: Config): Promise<ReadonlyMap<string, PolicyModule>> {
  const { loadPolicyModule } = await import("../runtime/policy-modules.ts");
  const { moduleUrl } = await import("../platform/modules.ts");
  const modules = new Map<string, PolicyModule>();
  for (const [pool, { policy }] of Object.entries(config.pools)) {
    if (policy.name !== "module") continue;
    try {
      modules.set(pool, await loadPolicyModule(moduleUrl(policy.path)));
    } catch {
      continue;
    }
  }
  return modules;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function headerOf(line: string): [string, string] {
  const match = /^([^\s:]+):\s*(.*)$/.exec(line);
  if (match === null) throw new UserError(`'${line}' is no header such as 'Cookie: a=b'.`);
  return [match[1] ?? "", match[2] ?? ""];
}
