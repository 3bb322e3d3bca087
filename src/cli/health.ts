/** `headgate health`: probes backends as the balancer would, without balancing anything. */
import { Option, type Command } from "commander";
import { EndpointHealth, type HealthChange } from "../health/endpoint-health.ts";
import { Prober } from "../health/prober.ts";
import { silentLog } from "../core/log.ts";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import { onStopSignals } from "./stop-signals.ts";
import { UserError } from "./failure.ts";
import { changeAsJson, changeAsText, rowsAsJson, rowsAsTable, type HealthRow } from "./health-output.ts";
import { CheckedBackend } from "./health-probe.ts";
import { atLeastOne, durationMs, endpointAddress, list } from "./option-values.ts";

const examples = `
Examples:
  Print every change of state until Ctrl-C:
    $ headgate health --backends http://localhost:8081,http://localhost:8082 --path /health

  Look once, print a table; the exit status is 0 if all are up and 1 if any is down:
    $ headgate health --backends http://localhost:8081,http://localhost:8082 --once`;

interface HealthOptions {
  readonly backends?: readonly string[];
  readonly path?: string;
  readonly interval: number;
  readonly timeout: number;
  readonly rise: number;
  readonly fall: number;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly insecure?: boolean;
}

export function addHealthVerb(program: Command): void {
  program
    .command("health")
    .description("probe backends and print their state")
    .option("-b, --backends <urls>", "what to probe: URLs with commas between", list)
    .option("--path <path>", "probe with GET on this path (default: only connect)")
    .addOption(
      new Option("--interval <duration>", "time between two probes of a backend")
        .default(5000, "5s")
        .argParser(durationMs),
    )
    .addOption(
      new Option("--timeout <duration>", "time a probe may take").default(2000, "2s").argParser(durationMs),
    )
    .addOption(
      new Option("--rise <count>", "successes in a row that make it up").default(1).argParser(atLeastOne),
    )
    .addOption(
      new Option("--fall <count>", "failures in a row that make it down").default(1).argParser(atLeastOne),
    )
    .option("--once", "probe each backend once, print a table and exit with 0 (all up) or 1")
    .option("--json", "print JSON: one array with --once, otherwise one object per change")
    .option("--insecure", "do not verify the certificates of https backends")
    .addHelpText("after", examples)
    .action(runHealth);
}

async function runHealth(options: HealthOptions): Promise<void> {
  const urls = options.backends ?? [];
  if (urls.length === 0)
    throw new UserError("nothing to probe. Name the backends: --backends http://localhost:8081,…");
  const settings = { path: options.path ?? null, isVerified: options.insecure !== true };
  const backends = urls.map((url) => new CheckedBackend(endpointAddress(url), settings));
  if (options.once === true) await lookOnce(backends, options);
  else await watch(backends, options);
}

async function lookOnce(backends: readonly CheckedBackend[], options: HealthOptions): Promise<void> {
  const look = async (backend: CheckedBackend): Promise<HealthRow> => ({
    name: backend.name,
    result: await backend.askOnce(options.timeout),
  });
  const rows = await Promise.all(backends.map(look));
  console.log(options.json === true ? rowsAsJson(rows) : rowsAsTable(rows));
  process.exitCode = rows.every((row) => row.result.isOk) ? 0 : 1;
}

async function watch(backends: readonly CheckedBackend[], options: HealthOptions): Promise<void> {
  const { interval, timeout, rise, fall } = options;
  const schedule = { intervalMs: interval, downIntervalMs: null, timeoutMs: timeout, jitter: 0.1 };
  const prober = new Prober({ clock: systemClock, random: systemRandom, log: silentLog });
  const describe = options.json === true ? changeAsJson : changeAsText;
  await Promise.all(backends.map((backend) => backend.resolve()));
  for (const backend of backends) {
    const told = (change: HealthChange): void =>
      console.log(describe(backend.name, change, health.lastResult));
    const health = new EndpointHealth(systemClock, { rise, fall }, told);
    const { name, probe } = backend;
    prober.add({ name, health, probe, schedule, target: () => backend.target() });
  }
  // The clock's timers do not keep a process alive.
  setInterval(() => {}, 60_000);
  onStopSignals(async () => prober.close());
}
