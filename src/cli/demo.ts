/**
 * `headgate demo`: three backends in processes of their own, so that one can be killed and brought back,
 * and a balancer in front of them. Everything ends with Ctrl-C; the backends end when this process does.
 */
import { Option, type Command } from "commander";
import type { ConfigInput } from "../config/schema.ts";
import { parseConfig } from "../config/parse.ts";
import { DemoBackends, type BackendPlace } from "./demo-backends.ts";
import { demoText } from "./demo-text.ts";
import { UserError } from "./failure.ts";
import { port } from "./option-values.ts";
import { openLog, createBalancer } from "./serve.ts";
import { onStopSignals } from "./stop-signals.ts";

/** Everything the demo starts. Ports count on from the balancer's, which `--port` moves. */
const balancerPort = 8080;
const backendNames = ["server-1", "server-2", "server-3"] as const;

interface DemoOptions {
  readonly port: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

export function addDemoVerb(program: Command): void {
  program
    .command("demo")
    .description("run three demo backends and a balancer in front of them")
    .addOption(
      new Option(
        "-p, --port <number>",
        "the balancer's port; the backends take the next three, the dashboard the one after",
      )
        .default(balancerPort)
        .argParser(port),
    )
    .addOption(
      new Option("--log-level <level>", "how much the balancer says")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .action(runDemo);
}

async function runDemo(options: DemoOptions): Promise<void> {
  const adminPort = options.port + backendNames.length + 1;
  if (options.port === 0 || adminPort > 65_535) {
    const highest = 65_535 - backendNames.length - 1;
    throw new UserError(
      `the demo needs ${backendNames.length + 2} ports in a row: take a --port from 1 to ${highest}.`,
    );
  }
  const places: readonly BackendPlace[] = backendNames.map((name, index) => ({
    name,
    port: options.port + 1 + index,
  }));
  const config = demoConfig(options, places, adminPort);
  const { log, flush } = openLog(config);
  const backends = new DemoBackends(places);
  const balancer = await createBalancer(
    config,
    log,
    "move the demo with --port, as in `headgate demo --port 9000`",
  );
  onStopSignals(async () => {
    console.log("Stopping the demo.");
    await balancer.close();
    await backends.stop();
    flush();
  });
  try {
    // First, so that the balancer's first probes and requests find somebody.
    await backends.start();
    await balancer.listen();
  } catch (error) {
    await backends.stop();
    throw error;
  }
  console.log(demoText({ port: options.port, adminPort }, places, (place) => backends.pidOf(place)));
}

function demoConfig(options: DemoOptions, places: readonly BackendPlace[], adminPort: number) {
  const input: ConfigInput = {
    listeners: [{ address: `:${options.port}` }],
    pools: {
      demo: {
        // Turns are what people expect to see.
        policy: "round-robin",
        endpoints: places.map(({ name, port }) => ({ name, url: `http://localhost:${port}` })),
        health: { path: "/health", interval: "1s", timeout: "500ms", fall: 2 },
      },
    },
    routes: [{ match: { path: "/favicon.ico" }, respond: { status: 204 } }, { pool: "demo" }],
    statsPath: "/stats",
    admin: `127.0.0.1:${adminPort}`,
    shutdown: { grace: "5s" },
    log: { level: options.logLevel },
  };
  const result = parseConfig(input);
  if ("issues" in result)
    throw new Error(`the demo's own configuration is wrong: ${JSON.stringify(result.issues)}`);
  return result.config;
}
