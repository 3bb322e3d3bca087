/** `headgate report`: what access logs tell, as a page to look at, as text, or as JSON. Needs no running Headgate. */
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { figuresOf, type ReportFigures } from "../observability/report/figures.ts";
import { readLogLine } from "../observability/report/log-line.ts";
import { reportPage } from "../observability/report/page/page.ts";
import { Tally } from "../observability/report/tally.ts";
import { UserError } from "./failure.ts";
import { printable } from "./printable.ts";
import { openReportSource, readLines, type ReportSource } from "./report-lines.ts";
import { ProgressBar } from "./report-progress.ts";
import { milliseconds, shortNumber, table } from "./table.ts";

interface ReportOptions {
  readonly html?: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  A page about yesterday and today:
    $ headgate report access.log.1.gz access.log --html report.html

  What an nginx did, on the terminal:
    $ ssh web1 cat /var/log/nginx/access.log | headgate report -

Reads Headgate's own formats (json, logfmt, common, combined), nginx's combined, also with $request_time
and $upstream_addr after it, and Caddy's JSON; they may be mixed. Memory stays the same however long a log is.`;

export function addReportVerb(program: Command): void {
  program
    .command("report")
    .description("show what access logs tell: spread, latency, causes, slow routes, imbalance")
    .argument("<logs...>", "files, also .gz; - for standard input")
    .option("--html <file>", "write a page that needs nothing else")
    .option("--json", "print the figures as JSON")
    .addHelpText("after", examples)
    .action(report);
}

async function report(paths: readonly string[], options: ReportOptions): Promise<void> {
  // All of them first: a name that is wrong should not be found out after an hour.
  const sources = paths.map((path) => openReportSource(path));
  const tally = await readAll(sources);
  if (tally.all.requests === 0)
    throw new UserError(
      `No line tells of an exchange (${tally.unread} were read). Known are Headgate's formats, common, combined, and Caddy's JSON.`,
    );
  const figures = figuresOf(tally);
  if (options.html !== undefined) writePage(options.html, reportPage(figures, paths));
  if (options.json === true) console.log(JSON.stringify(figures, null, 2));
  else if (options.html === undefined)
    console.log(summaryText(figures).split("\n").map(printable).join("\n"));
  else console.error(`${figures.requests} exchanges reported in ${options.html}`);
}

async function readAll(sources: readonly ReportSource[]): Promise<Tally> {
  const tally = new Tally();
  const bytes = sources.reduce<number | null>(
    (sum, source) => (sum === null || source.bytes === null ? null : sum + source.bytes),
    0,
  );
  const progress = new ProgressBar(process.stderr, bytes);
  for (const source of sources) {
    await readLines(
      source,
      (line) => {
        const read = line === null ? null : readLogLine(line);
        if (read === null) tally.unread++;
        else tally.add(read);
      },
      (octets) => progress.add(octets, tally.all.requests),
    );
  }
  progress.end();
  return tally;
}

function writePage(path: string, page: string): void {
  try {
    writeFileSync(path, page);
  } catch (error) {
    throw new UserError(
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function summaryText(figures: ReportFigures): string {
  const { requests, requestsPerSecond, errorShare, latency, from, until, unreadLines } = figures;
  const head = [
    `${requests} requests from ${from ?? "?"} to ${until ?? "?"}, ${shortNumber(requestsPerSecond)} a second, ${percent(errorShare)} answered 5xx.`,
    latency.count === 0
      ? "The lines tell no durations."
      : `Median ${milliseconds(latency.p50Ms)}, 90th ${milliseconds(latency.p90Ms)}, 99th ${milliseconds(latency.p99Ms)}, 99.9th ${milliseconds(latency.p999Ms)}, longest ${milliseconds(latency.maxMs)}.`,
    ...(unreadLines === 0 ? [] : [`${unreadLines} lines are in no known format or about something else.`]),
  ];
  const parts = [
    head.join("\n"),
    statusText(figures),
    endpointText(figures),
    findingText(figures),
    causeText(figures),
    routeText(figures),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function statusText({ statuses }: ReportFigures): string {
  return statuses.map(({ status, count }) => `${status === 0 ? "none" : status}: ${count}`).join("  ");
}

function endpointText({ endpoints }: ReportFigures): string {
  if (endpoints.length === 0) return "";
  const rows = endpoints
    .toSorted((a, b) => a.pool.localeCompare(b.pool) || b.requests - a.requests)
    .map(({ pool, name, requests, share, errors5xx, latency }) => [
      pool,
      name,
      String(requests),
      percent(share),
      String(errors5xx),
      milliseconds(latency.p50Ms),
      milliseconds(latency.p99Ms),
    ]);
  return table(
    [["POOL", "ENDPOINT", "REQUESTS", "SHARE", "5XX", "MEDIAN", "99TH"], ...rows],
    [2, 3, 4, 5, 6],
  );
}

function findingText({ imbalances }: ReportFigures): string {
  return imbalances
    .map(({ pool, summary, explanations }) =>
      [
        `${pool === "" ? "Endpoints" : `Pool ${pool}`}: ${summary}`,
        ...explanations.map((each) => `  ${each}`),
      ].join("\n"),
    )
    .join("\n");
}

function causeText({ causes }: ReportFigures): string {
  if (causes.length === 0) return "";
  const rows = causes.map(({ cause, exchanges, attempts, endpoints, fix }) => [
    cause,
    String(exchanges),
    String(attempts),
    endpoints.map(({ name, count }) => `${name} ${count}`).join(", "),
    fix,
  ]);
  return table([["CAUSE", "EXCHANGES", "MADE GOOD", "ENDPOINTS", "TO DO"], ...rows], [1, 2]);
}

function routeText({ routes }: ReportFigures): string {
  const rows = routes
    .slice(0, 15)
    .map(({ name, requests, errors5xx, latency }) => [
      name,
      String(requests),
      String(errors5xx),
      milliseconds(latency.p50Ms),
      milliseconds(latency.p99Ms),
    ]);
  return table([["SLOWEST ROUTES", "REQUESTS", "5XX", "MEDIAN", "99TH"], ...rows], [1, 2, 3, 4]);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
}
