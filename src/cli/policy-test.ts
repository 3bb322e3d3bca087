/** `headgate policy test`: judges policies, built-in ones and a user's, in simulations laid side by side. */
import { type Command, InvalidArgumentError } from "commander";
import { builtInSubjects } from "../balancing/kit/built-in-subjects.ts";
import { judgeConduct } from "../balancing/kit/conduct.ts";
import {
  judgePolicy,
  type KitParts,
  type PolicyReport,
  type PolicySubject,
} from "../balancing/kit/policy-report.ts";
import { renderReports } from "../balancing/kit/render-reports.ts";
import type { Policy } from "../balancing/policy.ts";
import { nearestWord } from "../core/nearest-word.ts";
import { moduleUrl } from "../platform/modules.ts";
import { loadPolicyModule } from "../runtime/policy-modules.ts";
import { LatencyAverage } from "../upstream/latency-average.ts";
import { UserError } from "./failure.ts";
import { wholeNumber } from "./option-values.ts";

interface PolicyTestOptions {
  readonly options: Readonly<Record<string, unknown>>;
  readonly beside: string;
  readonly seed: number;
  readonly timing: boolean;
  readonly json?: boolean;
}

/** What a user's policy is laid beside unless something else is asked for. */
const companions = ["round-robin", "least-request", "power-of-two", "peak-ewma", "hash, ketama"];

const help = `
A module's default export is a function (parts, options) => policy; see the Policy type of the package.

Examples:
  Judge your own, beside the most used ones:
    $ headgate policy test ./my-policy.ts

  With options, as in the configuration, and beside all built-in ones:
    $ headgate policy test ./my-policy.ts --options '{"choices": 3}' --beside all

  Compare built-in ones:
    $ headgate policy test peak-ewma least-time --beside none`;

export function addPolicyVerbs(program: Command): void {
  const policy = program.command("policy").description("judge balancing policies");
  policy
    .command("test")
    .description(
      "simulate policies and print what they do to weights, slow and failing endpoints, herds and keys",
    )
    .argument("<policies...>", "files that export a policy, or names of built-in ones")
    .option("--options <json>", "options for the files' policies", jsonObject, {})
    .option(
      "--beside <names>",
      "built-in policies to show as well: all, none, or names with commas",
      companions.join(";"),
    )
    .option("--seed <number>", "another seed, another course of events", wholeNumber, 1)
    .option("--no-timing", "leave out what a pick costs, for the same text on every machine")
    .option("--json", "print the numbers as JSON")
    .addHelpText("after", help)
    .action(run);
}

async function run(names: readonly string[], options: PolicyTestOptions): Promise<void> {
  const subjects = await Promise.all(names.map(async (name) => subjectOf(name, options.options)));
  const asked = new Set(subjects.map(({ title }) => title));
  const others = besideOf(options.beside).filter(({ title }) => !asked.has(title));
  const parts: KitParts = {
    seed: options.seed,
    createLatency: () => new LatencyAverage(),
    nowNs: options.timing ? () => Number(process.hrtime.bigint()) : null,
  };
  const judged = subjects.map((subject) => ({ subject, faults: judgeConduct(subject.create, options.seed) }));
  const sound = judged.filter(({ faults }) => faults.length === 0).map(({ subject }) => subject);
  const reports = [...sound, ...others].map((subject) => judgePolicy(subject, parts));
  if (options.json === true) printJson(judged, reports);
  else printText(judged, reports);
  if (sound.length < subjects.length) process.exitCode = 1;
}

type Judged = readonly { readonly subject: PolicySubject; readonly faults: readonly string[] }[];

function printJson(judged: Judged, reports: readonly PolicyReport[]): void {
  const faults = Object.fromEntries(judged.map(({ subject, faults }) => [subject.title, faults]));
  console.log(JSON.stringify({ faults, reports }, null, 2));
}

function printText(judged: Judged, reports: readonly PolicyReport[]): void {
  for (const { subject, faults } of judged) {
    if (faults.length === 0) continue;
    console.log(`${subject.title} breaks the rules for policies and is not measured:`);
    for (const fault of faults) console.log(`  ${fault}`);
    console.log();
  }
  if (reports.length > 0) console.log(renderReports(reports).trimEnd());
}

async function subjectOf(name: string, options: Readonly<Record<string, unknown>>): Promise<PolicySubject> {
  const known = findBuiltIn(name);
  if (known !== null) return known;
  if (!/[./\\]/.test(name)) {
    const meant = nearestWord(
      name,
      builtInSubjects.map(({ title }) => title),
    );
    const hint = meant === null ? "" : ` Did you mean '${meant}'?`;
    throw new UserError(
      `there is no policy '${name}', and a file is written with its path: ./${name}.ts.${hint}`,
    );
  }
  try {
    const make = await loadPolicyModule(moduleUrl(name));
    return { title: name, create: (parts): Policy => make(parts, options) };
  } catch (error) {
    throw new UserError(`${name} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function besideOf(text: string): readonly PolicySubject[] {
  if (text === "all") return builtInSubjects;
  if (text === "none") return [];
  // The default's names have commas in them.
  return text.split(text.includes(";") ? ";" : ",").map((name) => {
    const subject = findBuiltIn(name.trim());
    if (subject === null) throw new UserError(`there is no built-in policy '${name.trim()}'.`);
    return subject;
  });
}

function findBuiltIn(name: string): PolicySubject | null {
  const title = name === "hash" || name === "ketama" ? "hash, ketama" : name;
  const spelled = [title, `hash, ${title}`];
  return builtInSubjects.find((subject) => spelled.includes(subject.title)) ?? null;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError("Write a JSON object, such as '{\"choices\": 3}'.");
}
