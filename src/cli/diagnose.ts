/** `headgate diagnose`: why requests failed in the last hour, what each cause means, and what to do. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { addAdminOptions, type AdminOptions, clientFor, print } from "./admin-verb.ts";
import { printable } from "./printable.ts";
import { localTime, milliseconds } from "./table.ts";

interface DiagnoseOptions extends AdminOptions {
  readonly clear?: boolean;
}

type Diagnosis = AdminDocument<"Diagnosis">;
type Row = Diagnosis["rows"][number];

export function addDiagnoseVerb(program: Command): void {
  addAdminOptions(program.command("diagnose"))
    .description("show why requests failed in the last hour, and what to do")
    .option("--clear", "forget what has failed so far, as after a repair")
    .action(async (options: DiagnoseOptions) => {
      const client = clientFor(options);
      const diagnosis =
        options.clear === true
          ? await client.send("Diagnosis", "DELETE", "/v1/diagnosis")
          : await client.get("Diagnosis", "/v1/diagnosis");
      print(diagnosis, options, (document) => diagnosisText(document, new Date()));
    });
}

/** The most frequent first, four lines each. */
function diagnosisText({ rows, ungrouped }: Diagnosis, now: Date): string {
  if (rows.length === 0) return "Nothing has failed in the last hour.";
  const more = ungrouped === 0 ? [] : [`${ungrouped} further failures were of too many kinds to be grouped.`];
  return [...rows.map((row) => rowText(row, now)), ...more].join("\n\n");
}

function rowText(row: Row, now: Date): string {
  return [
    `${countText(row)}  ${row.cause}  ${placeText(row)}`,
    `    ${row.sentence}`,
    `    To do: ${row.fix}`,
    `    ${timesText(row, now)}, for example ${exampleText(row, now)}`,
  ].join("\n");
}

function countText({ failed, recovered }: Row): string {
  if (recovered === 0) return `${failed} failed`;
  const made = `${recovered} made good by another attempt`;
  return failed === 0 ? made : `${failed} failed, ${made}`;
}

function placeText({ listener, route, pool, endpoint }: Row): string {
  const places = [
    listener === "" ? "" : `listener ${listener}`,
    route === "" ? "" : `route ${route}`,
    pool === "" ? "" : `pool ${pool}`,
    endpoint === "" ? "" : `endpoint ${endpoint}`,
  ];
  return places.filter((place) => place !== "").join(" > ");
}

function timesText({ firstSeen, lastSeen }: Row, now: Date): string {
  const [first, last] = [localTime(firstSeen, now), localTime(lastSeen, now)];
  return first === last ? `at ${first}` : `from ${first} to ${last}`;
}

function exampleText({ example }: Row, now: Date): string {
  const { method, target, host, client, status, detail, durationMs, requestId, time } = example;
  const request = method === "" ? "a request" : `${method} ${host}${target}`;
  const why = detail === "" ? "" : ` (${detail})`;
  const id = requestId === "" ? "" : `, request ${requestId}`;
  const outcome = `answered ${status}${why} after ${milliseconds(durationMs)}${id}`;
  return printable(`${request} from ${client} at ${localTime(time, now)}, ${outcome}`);
}
