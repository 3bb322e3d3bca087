/** `headgate tail`: exchanges of a running Headgate as they end, all of them or those somebody asks for. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { addAdminOptions, type AdminOptions, clientFor } from "./admin-verb.ts";
import { durationText } from "./option-values.ts";
import { printable } from "./printable.ts";
import { localTime, milliseconds } from "./table.ts";

interface TailOptions extends AdminOptions {
  readonly status?: string;
  readonly route?: string;
  readonly pool?: string;
  readonly endpoint?: string;
  readonly cause?: string;
  readonly slow?: string;
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly client?: string;
}

const filters = [
  "status",
  "route",
  "pool",
  "endpoint",
  "cause",
  "slow",
  "method",
  "host",
  "path",
  "client",
] as const;

const examples = `
Examples:
  What fails, and why:
    $ headgate tail --cause any

  Slow answers of one pool:
    $ headgate tail --pool app --slow 500ms

  What one client changes:
    $ headgate tail --client 192.0.2.7 --method POST,PUT,PATCH,DELETE

A busy Headgate sends a few hundred exchanges a second and says how many it left out.`;

export function addTailVerb(program: Command): void {
  addAdminOptions(program.command("tail"))
    .description("follow exchanges as they end, until Ctrl-C")
    .option("--status <list>", "only these statuses, such as 5xx,404,400-403")
    .option("--route <name>", "only this route")
    .option("--pool <name>", "only this pool")
    .option("--endpoint <name>", "only where this endpoint answered or failed")
    .option("--cause <cause>", "only this cause, or any: whatever Headgate answered itself or broke off")
    .option("--slow <duration>", "only exchanges that took at least so long", durationText)
    .option("--method <list>", "only these methods, such as GET,HEAD")
    .option("--host <name>", "only this host, without port; *.example.com for all below it")
    .option("--path <path>", "only this path, without query; /api/* for all that begin so")
    .option("--client <list>", "only these addresses and networks, such as 192.0.2.7,10.0.0.0/8")
    .addHelpText("after", examples)
    .action(tail);
}

async function tail(options: TailOptions): Promise<void> {
  const query = new URLSearchParams();
  for (const name of filters) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const isJson = options.json === true;
  await clientFor(options).stream(`/v1/exchanges/stream?${query.toString()}`, (kind, document) => {
    if (kind === "exchange") {
      const exchange = document as AdminDocument<"Exchange">;
      console.log(isJson ? JSON.stringify(exchange) : exchangeLine(exchange, new Date()));
    } else if (kind === "skipped") {
      console.error(`… ${(document as { readonly count: number }).count} more were too many to send`);
    }
  });
}

function exchangeLine(exchange: AdminDocument<"Exchange">, now: Date): string {
  const { time, status, method, host, target, client, durationMs, endpoint, route, cause, detail } = exchange;
  const request = method === "" ? "(no valid request)" : `${method} ${host}${target}`;
  const why = cause === null ? "" : `  ${cause}${detail === "" ? "" : ` (${detail})`}`;
  const tried = exchange.failedAttempts.map((attempt) => `${attempt.endpoint} ${attempt.cause}`);
  const attempts = tried.length === 0 ? "" : `  after ${tried.join(", ")}`;
  const way = [route, endpoint].filter((name) => name !== "").join(" > ");
  const facts = `${status}  ${milliseconds(durationMs).padStart(8)}  ${client}  ${request}`;
  return printable(`${localTime(time, now)}  ${facts}${way === "" ? "" : `  ${way}`}${why}${attempts}`);
}
