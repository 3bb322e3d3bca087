/** `headgate run FILE`: the same as `--config FILE`, for those who look for a verb. */
import type { Command } from "commander";
import { runFile } from "./run.ts";

export function addRunFileVerb(program: Command): void {
  program
    .command("run")
    .description("balance by a configuration file")
    .argument("<file>", "YAML, JSON or a module; SIGHUP reads it again")
    .option("--watch", "reload when the file, or one it includes, changes")
    .option("--pid-file <file>", "write the process id to a file while running")
    .action(async (file: string, options: { readonly watch?: boolean; readonly pidFile?: string }) => {
      await runFile(file, { watch: options.watch ?? false, pidFile: options.pidFile ?? null });
    });
}
