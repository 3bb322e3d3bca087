/** The command and its verbs. Each verb describes its own options; the default verb's are the program's. */
import { Command } from "commander";
import { addAlertsVerb } from "./alerts.ts";
import { addBackendVerb } from "./backend.ts";
import { addCertificatesVerb } from "./certificates.ts";
import { addCheckVerb } from "./check.ts";
import { addCompletionVerb } from "./completion.ts";
import { addConfigVerbs } from "./config-verbs.ts";
import { addDemoVerb } from "./demo.ts";
import { addDiagnoseVerb } from "./diagnose.ts";
import { addEndpointVerbs } from "./endpoint-verbs.ts";
import { addEventsVerb } from "./events.ts";
import { addExplainVerb } from "./explain.ts";
import { addHealthVerb } from "./health.ts";
import { addPolicyVerbs } from "./policy-test.ts";
import { packageVersion } from "./package-version.ts";
import { addReportVerb } from "./report.ts";
import { addRunFileVerb } from "./run-file.ts";
import { addRunOptions } from "./run.ts";
import { addSchemaVerb } from "./schema.ts";
import { addStatusVerbs } from "./status.ts";
import { addTailVerb } from "./tail.ts";
import { addTopVerb } from "./top.ts";

export function createProgram(): Command {
  const program = new Command("headgate")
    .description("A load balancer: spreads HTTP requests over several backends and watches their health.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    // `--port` before a verb is the balancer's, after it the verb's own.
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError("Run `headgate --help` for all options.");
  addBackendVerb(program);
  addHealthVerb(program);
  addDemoVerb(program);
  addRunFileVerb(program);
  addCheckVerb(program);
  addSchemaVerb(program);
  addStatusVerbs(program);
  addEndpointVerbs(program);
  addConfigVerbs(program);
  addExplainVerb(program);
  addPolicyVerbs(program);
  addEventsVerb(program);
  addDiagnoseVerb(program);
  addAlertsVerb(program);
  addCertificatesVerb(program);
  addTailVerb(program);
  addTopVerb(program);
  addReportVerb(program);
  addCompletionVerb(program);
  // Last, because verbs take over what the program allows when they are added.
  addRunOptions(program);
  return program;
}
