/** A configuration as the admin API shows it: as users write it, defaults filled in, secrets hidden. */
import { stringify } from "yaml";
import { configSchema, type Config } from "./schema.ts";
import { describe } from "./schema-walk.ts";
import { treeAsWritten } from "./written.ts";

export function configTree(config: Config): Record<string, unknown> {
  return treeAsWritten(config, describe(configSchema)) as Record<string, unknown>;
}

export function configYaml(config: Config): string {
  return stringify(configTree(config), { aliasDuplicateObjects: false });
}
