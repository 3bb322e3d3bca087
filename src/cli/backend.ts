/** `headgate backend`: one demo backend in the foreground. */
import type { Command } from "commander";
import { Option } from "commander";
import { hasParentChannel, onParentGone, tellParentReady } from "../platform/child-process.ts";
import { DemoBackend } from "./demo-backend.ts";
import { createLineLimiter, displayName, formatLine } from "./demo-backend-log.ts";
import { explainBindError } from "./failure.ts";
import { durationMs, httpStatus, port, share, wholeNumber } from "./option-values.ts";
import { onStopSignals } from "./stop-signals.ts";

const graceMs = 10_000;

const examples = `
It answers
  GET  /health   200 OK
  GET  /ping     pong
  POST /ping     takes a message and logs it
  any other path a page for browsers, JSON for the rest: who answered, and the request headers it saw

Examples:
  $ headgate backend --port 8081 --name server-1
  $ PORT=8082 headgate backend --delay 200ms --jitter 100ms     a slow one
  $ headgate backend --port 8083 --fail-rate 30%                one that fails now and then
  $ headgate backend --port 8084 --flap-interval 10s            one that comes and goes`;

interface BackendOptions {
  readonly port: number;
  readonly bind?: string;
  readonly name?: string;
  readonly delay: number;
  readonly jitter: number;
  readonly failRate: number;
  readonly flapInterval: number;
  readonly status: number;
  readonly keepAliveTimeout: number;
  readonly logLinesMax: number;
  readonly logHealth: boolean;
}

export function addBackendVerb(program: Command): void {
  program
    .command("backend")
    .description("run a demo backend to balance over")
    .addOption(
      new Option("-p, --port <number>", "port to listen on").env("PORT").default(8081).argParser(port),
    )
    .option("--bind <address>", "address to listen on (default: every interface)")
    .option("-n, --name <name>", "what it calls itself (default: server-<port>)")
    .addOption(
      new Option("--delay <duration>", "wait before every answer").default(0, "none").argParser(durationMs),
    )
    .addOption(
      new Option("--jitter <duration>", "and a random time up to this")
        .default(0, "none")
        .argParser(durationMs),
    )
    .addOption(
      new Option("--fail-rate <share>", "answer this share of requests with 500")
        .default(0, "none")
        .argParser(share),
    )
    .addOption(
      new Option("--flap-interval <duration>", "be well and ill in turns, each for this long")
        .default(0, "always well")
        .argParser(durationMs),
    )
    .addOption(new Option("--status <code>", "status of ordinary answers").default(200).argParser(httpStatus))
    .addOption(
      new Option("--keep-alive-timeout <duration>", "close idle connections after")
        .default(5000, "5s")
        .argParser(durationMs),
    )
    .addOption(
      new Option("--log-lines-max <count>", "write at most so many lines per second")
        .default(0, "no limit")
        .argParser(wholeNumber),
    )
    .option("--no-log-health", "leave health checks out of the log")
    .addHelpText("after", examples)
    .action(runBackend);
}

async function runBackend(options: BackendOptions): Promise<void> {
  const name = options.name ?? `server-${options.port}`;
  const displayed = displayName(name);
  const say = (message: string): void => console.log(formatLine(displayed, new Date(), message));
  const backend = new DemoBackend({
    name,
    displayName: displayed,
    behavior: {
      delayMs: options.delay,
      jitterMs: options.jitter,
      failShare: options.failRate,
      flapIntervalMs: options.flapInterval,
      status: options.status,
      keepAliveTimeoutMs: options.keepAliveTimeout,
    },
    isHealthLogged: options.logHealth,
    log: createLineLimiter(options.logLinesMax, Date.now, say),
    random: Math.random,
    nowMs: () => performance.now(),
  });
  const stop = async (): Promise<void> => {
    say("Stopping");
    await backend.close(graceMs);
  };
  // As a child of the demo: Ctrl-C in the terminal is the parent's to handle, and its end is ours.
  onStopSignals(stop, hasParentChannel() ? ["SIGTERM"] : undefined);
  if (hasParentChannel()) process.on("SIGINT", () => {});
  onParentGone(() => process.exit(0));
  try {
    const bound = await backend.listen(options.port, options.bind);
    say(`Listening on port ${bound}`);
  } catch (error) {
    throw explainBindError(error, {
      address: options.bind ?? "every interface",
      port: options.port,
      remedy: "choose another with --port",
    });
  }
  tellParentReady();
}
