/** What all verbs that speak to a running Headgate have in common: where it is, the token, the form of output. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { AdminClient } from "./admin-client.ts";
import { UserError } from "./failure.ts";

export interface AdminOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

const defaultUrl = "127.0.0.1:9900";

export function addAdminOptions(command: Command): Command {
  return command
    .option("--url <address>", `where the admin API listens (default: HEADGATE_ADMIN, or ${defaultUrl})`)
    .option("--token <token>", "bearer token (default: HEADGATE_TOKEN, which others cannot see)")
    .option("--json", "print JSON");
}

export function clientFor({ url, token }: AdminOptions): AdminClient {
  return new AdminClient({
    url: url ?? process.env["HEADGATE_ADMIN"] ?? defaultUrl,
    token: token ?? process.env["HEADGATE_TOKEN"] ?? null,
  });
}

/** JSON if asked for, otherwise the text. */
export function print<T>(document: T, options: AdminOptions, asText: (document: T) => string): void {
  console.log(options.json === true ? JSON.stringify(document, null, 2) : asText(document));
}

/** The endpoint somebody means by `name`, `pool/name` or its URL. Throws a UserError. */
export async function findEndpoint(client: AdminClient, word: string): Promise<AdminDocument<"Endpoint">> {
  const { pools } = await client.get("PoolList", "/v1/pools");
  const all = pools.flatMap(({ endpoints }) => endpoints);
  const meant = all.filter(({ pool, name, url }) => [name, `${pool}/${name}`, url].includes(word));
  const [first] = meant;
  if (first !== undefined && meant.length === 1) return first;
  const names = (meant.length === 0 ? all : meant).map(({ pool, name }) => `  ${pool}/${name}`).join("\n");
  if (meant.length > 1) throw new UserError(`'${word}' stands in several pools. Say which:\n${names}`);
  throw new UserError(`no endpoint is called '${word}'. There are\n${names === "" ? "  none" : names}`);
}

export function endpointPath({ pool, name }: { readonly pool: string; readonly name: string }): string {
  return `/v1/pools/${encodeURIComponent(pool)}/endpoints/${encodeURIComponent(name)}`;
}
