/** The default verb: a load balancer from flags or a configuration file, until a signal stops it. */
import type { Command } from "commander";
import type { Flags } from "../config/flags.ts";
import { nearestWord } from "../core/nearest-word.ts";
import { list } from "./option-values.ts";
import { UserError } from "./failure.ts";

const examples = `
Examples:
  Balance over two backends, on port 8080:
    $ headgate --backends http://localhost:8081,http://localhost:8082

  Another port, a health check, three times as much for the first:
    $ headgate --backends http://10.0.0.1:8081,http://10.0.0.2:8081 --port 3030 \\
               --health-path /health --health-interval 2s --weights 3,1

  The same in Go's spelling:
    $ headgate -backends=http://localhost:8081,http://localhost:8082 -port=3030

  Everything else (TLS, routes, several pools, limits) stands in a file:
    $ headgate --config headgate.yaml

  See it at work, with backends of its own:
    $ headgate demo

Durations are written with a unit: 250ms, 5s, 1m. Ctrl-C stops gracefully; a second Ctrl-C stops at once.`;

/** Options as commander names them. */
interface RunOptions extends Omit<Flags, "backends"> {
  readonly backends?: readonly string[];
  readonly config?: string;
  readonly watch?: boolean;
  readonly pidFile?: string;
}

export function addRunOptions(program: Command): void {
  program
    .option(
      "-b, --backends <urls>",
      "where requests go: URLs with commas between, http://, https:// or unix:/path",
      list,
    )
    .option("-p, --port <number>", "port to listen on (default: 8080)")
    .option("--bind <address>", "address to listen on, or unix:/path (default: every interface)")
    .option("-c, --config <file>", "read a configuration file instead of flags")
    .option("--watch", "reload when the configuration file, or one it includes, changes")
    .option("--pid-file <file>", "write the process id to a file while running")
    .option(
      "--policy <name>",
      "who gets the next request: round-robin, least-request, random, power-of-two, … (default: round-robin)",
    )
    .option("--weights <numbers>", "shares of the backends, in their order, with commas between", list)
    .option("--health-path <path>", "probe with GET on this path (default: only connect)")
    .option("--health-interval <duration>", "time between two probes of a backend (default: 5s)")
    .option(
      "--health-timeout <duration>",
      "time a probe may take (default: 2s, or the interval if that is shorter)",
    )
    .option(
      "--workers <count>",
      "worker threads: auto for one per core, 0 for none besides the main thread (default: auto)",
    )
    .option("--connect-timeout <duration>", "time to connect to a backend (default: 5s)")
    .option("--response-timeout <duration>", "time a backend has to begin its response (default: 60s)")
    .option("--idle-timeout <duration>", "how long a client's connection may be idle (default: 75s)")
    .option("--retries <count>", "further attempts, each on another backend (default: 2)")
    .option("--access-log <file>", "write one line per request to a file, or stdout (default: none)")
    .option("--admin <address>", "serve the admin API here, as in 127.0.0.1:9900 (default: nowhere)")
    .option("--stats-path <path>", "answer this path with counters as JSON (default: none)")
    .option("--log-level <level>", "debug, info, warn or error (default: info)")
    .addHelpText("after", examples)
    .allowExcessArguments(true)
    .action(run);
}

async function run(options: RunOptions, program: Command): Promise<void> {
  refuseUnknownVerb(program);
  const { config: file, backends, watch = false, pidFile = null, ...flags } = options;
  // Loaded only here: `--help` and the other verbs need no configuration.
  const { readFlags } = await import("./read-config.ts");
  const { serve } = await import("./serve.ts");
  if (file !== undefined) {
    refuseMixture(file, { ...flags, backends });
    await runFile(file, { watch, pidFile });
    return;
  }
  if (watch) throw new UserError("--watch needs a configuration file: --config headgate.yaml.");
  if (backends === undefined || backends.length === 0) {
    throw new UserError(
      "nothing to balance over. Name the backends, as in\n\n" +
        "  headgate --backends http://localhost:8081,http://localhost:8082\n\n" +
        "or see it at work with `headgate demo`. All options: `headgate --help`.",
    );
  }
  const config = readFlags({ ...flags, backends });
  await serve({ config, file: null, remedy: "choose another with --port", isWatched: false, pidFile });
}

/** Serves by a configuration file, which it reads again on SIGHUP. */
export async function runFile(
  path: string,
  options: { watch: boolean; pidFile: string | null },
): Promise<void> {
  const { fileSource, readFile } = await import("./read-config.ts");
  const { serve } = await import("./serve.ts");
  const loaded = await readFile(path);
  await serve({
    config: loaded.config,
    file: { source: fileSource(path), loaded },
    remedy: "set another in the configuration file",
    isWatched: options.watch,
    pidFile: options.pidFile,
  });
}

/** A word that is no verb lands here, because the default verb takes none. */
function refuseUnknownVerb(program: Command): void {
  const word = program.args[0];
  if (word === undefined) return;
  const verbs = program.commands.map((command) => command.name());
  const meant = nearestWord(word, verbs);
  const hint =
    meant === null ? `There are ${verbs.join(", ")}; without one, it balances.` : `Did you mean '${meant}'?`;
  throw new UserError(`there is no verb '${word}'. ${hint}`);
}

/** A file and flags together would leave it open which one wins. */
function refuseMixture(file: string, flags: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(flags).filter((key) => flags[key] !== undefined);
  const names = given.map((key) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  if (names.length > 0) {
    throw new UserError(`--config stands alone: write what ${names.join(", ")} should say into ${file}.`);
  }
}
