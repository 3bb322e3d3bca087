/** `headgate schema`: the JSON Schema of the configuration, for editors that complete and check while one writes. */
import type { Command } from "commander";

const help = `
An editor with a YAML language server completes and checks a file that begins with

  # yaml-language-server: $schema=./headgate.schema.json

and a JSON file with "$schema": "./headgate.schema.json".`;

export function addSchemaVerb(program: Command): void {
  program
    .command("schema")
    .description("print the JSON Schema of the configuration: headgate schema > headgate.schema.json")
    .addHelpText("after", help)
    .action(async () => {
      const { configJsonSchema } = await import("../config/json-schema.ts");
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 1)}\n`);
    });
}
