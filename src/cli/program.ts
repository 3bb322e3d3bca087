/** The command and its verbs. Each verb describes its own options; the default verb's are the program's. */
import { Command } from "commander";
import { addBackendVerb } from "./backend.ts";
import { addDemoVerb } from "./demo.ts";
import { addHealthVerb } from "./health.ts";
import { packageVersion } from "./package-version.ts";
import { addRunOptions } from "./run.ts";

export function createProgram(): Command {
  const program = new Command("headgate")
    .description("A load balancer: spreads HTTP requests over several backends and watches their health.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    // `--port` before a verb is the balancer's, after it the verb's own.
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError("Run `headgate --help` for all options.");
  addBackendVerb(program);
  addHealthVerb(program);
  addDemoVerb(program);
  // Last, because verbs take over what the program allows when they are added.
  addRunOptions(program);
  return program;
}
