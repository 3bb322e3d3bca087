/** Entry of the `headgate` command: reads the arguments and hands over to the verb's file. */
import { createProgram } from "./program.ts";
import { rewriteGoFlags } from "./go-flags.ts";
import { reportAndExit } from "./failure.ts";

const program = createProgram();

try {
  await program.parseAsync(rewriteGoFlags(process.argv.slice(2), program), { from: "user" });
} catch (error) {
  reportAndExit(error);
}
