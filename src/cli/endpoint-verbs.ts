/** Verbs that change one endpoint of a running Headgate: add, remove, weight, drain, ready, maintenance. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import type { AdminClient } from "./admin-client.ts";
import {
  addAdminOptions,
  type AdminOptions,
  clientFor,
  endpointPath,
  findEndpoint,
  print,
} from "./admin-verb.ts";
import { UserError } from "./failure.ts";
import { durationText, wholeNumber } from "./option-values.ts";
import { drainLine, endpointTable } from "./status.ts";

interface AddOptions extends AdminOptions {
  readonly weight?: number;
  readonly name?: string;
  readonly backup?: boolean;
}

interface DrainOptions extends AdminOptions {
  readonly deadline?: string;
  readonly wait?: boolean;
}

const endpointWord = "its name, pool/name, or URL";
/** How often a waiting `drain` looks. */
const lookEveryMs = 500;

export function addEndpointVerbs(program: Command): void {
  addAdminOptions(program.command("add"))
    .description("add an endpoint to a pool (until persisted, the file does not know it)")
    .argument("<pool>")
    .argument("<url>", "http://host:port, https://… or unix:/path")
    .option("--weight <number>", "share of traffic", wholeNumber)
    .option("--name <name>", "what it is called (default: host:port)")
    .option("--backup", "only when no ordinary endpoint can")
    .action(addEndpoint);
  addAdminOptions(program.command("remove"))
    .description("remove an endpoint; what it has in flight finishes")
    .argument("<endpoint>", endpointWord)
    .action(removeEndpoint);
  addAdminOptions(program.command("weight"))
    .description("set an endpoint's weight; 0 takes no new traffic")
    .argument("<endpoint>", endpointWord)
    .argument("<weight>", "a whole number", wholeNumber)
    .action(setWeight);
  addAdminOptions(program.command("drain"))
    .description("let an endpoint finish what it has and give it nothing new")
    .argument("<endpoint>", endpointWord)
    .option(
      "--deadline <duration>",
      "after this it goes into maintenance, and what it still has is ended",
      durationText,
    )
    .option("--wait", "show progress until it has finished; exit status 1 if the deadline passed first")
    .action(drain);
  addStateVerb(program, "ready", "put an endpoint back into service");
  addStateVerb(program, "maintenance", "take an endpoint out at once: no new requests, no probes");
}

function addStateVerb(program: Command, verb: "ready" | "maintenance", description: string): void {
  addAdminOptions(program.command(verb))
    .description(description)
    .argument("<endpoint>", endpointWord)
    .action(async (word: string, options: AdminOptions) => {
      const client = clientFor(options);
      const endpoint = await findEndpoint(client, word);
      show(await client.send("Endpoint", "POST", `${endpointPath(endpoint)}/${verb}`), options);
    });
}

async function addEndpoint(pool: string, url: string, options: AddOptions): Promise<void> {
  const { weight, name, backup } = options;
  const path = `/v1/pools/${encodeURIComponent(pool)}/endpoints`;
  const body = { url, weight, name, backup };
  show(await clientFor(options).send("Endpoint", "POST", path, { body }), options);
}

async function removeEndpoint(word: string, options: AdminOptions): Promise<void> {
  const client = clientFor(options);
  const endpoint = await findEndpoint(client, word);
  const removed = await client.send("DrainList", "DELETE", endpointPath(endpoint));
  print(removed, options, ({ drains }) => drains.map(drainLine).join("\n"));
}

async function setWeight(word: string, weight: number, options: AdminOptions): Promise<void> {
  const client = clientFor(options);
  const endpoint = await findEndpoint(client, word);
  show(
    await client.send("Endpoint", "PUT", `${endpointPath(endpoint)}/weight`, { body: { weight } }),
    options,
  );
}

async function drain(word: string, options: DrainOptions): Promise<void> {
  const client = clientFor(options);
  const endpoint = await findEndpoint(client, word);
  const body = options.deadline === undefined ? {} : { deadline: options.deadline };
  const draining = await client.send("Endpoint", "POST", `${endpointPath(endpoint)}/drain`, { body });
  if (options.wait !== true) show(draining, options);
  else await waitForDrain(client, draining, options);
}

async function waitForDrain(
  client: AdminClient,
  endpoint: AdminDocument<"Endpoint">,
  options: AdminOptions,
): Promise<void> {
  let told = "";
  for (let now = endpoint; ; now = await client.get("Endpoint", endpointPath(endpoint))) {
    const { drain: progress } = now;
    if (progress === null) throw new UserError(`${endpoint.pool}/${endpoint.name} is not draining any more.`);
    const line = drainLine(progress);
    if (line !== told && options.json !== true) console.log(line);
    told = line;
    if (progress.outcome !== "under-way") {
      if (options.json === true) console.log(JSON.stringify(now, null, 2));
      process.exitCode = progress.outcome === "finished" ? 0 : 1;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

function show(endpoint: AdminDocument<"Endpoint">, options: AdminOptions): void {
  print(endpoint, options, (document) => endpointTable([document]));
}
