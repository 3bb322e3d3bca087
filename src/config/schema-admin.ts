/** The admin API's own listener and who may use it. */
import * as z from "zod";
import { field, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, text } from "./leaves.ts";
import { bindAddress } from "./texts.ts";

const tokenSchema = z.strictObject({
  token: field(text("a token of at least 16 characters"), "The bearer token; best written `${env.NAME}`.", {
    isSecret: true,
  }),
  scope: field(choice(["read", "write"]).prefault("read"), "`write` may also change things."),
  name: field(text().prefault("unnamed"), "Who uses it, for the log."),
});

const adminObject = z.strictObject({
  address: field(
    bindAddress().prefault("127.0.0.1:9900"),
    "Where the API listens: loopback or a unix socket unless tokens are given.",
    {
      hazard: "Whoever reaches it without tokens may change everything.",
      reload: "rebind",
    },
  ),
  tokens: field(z.array(tokenSchema).prefault([]), "Bearer tokens and what they allow.", {
    identity: "name",
  }),
});
export const adminSchema = withShorthand(adminObject, "address", "an address, or an object with address");

export type AdminConfig = Frozen<z.output<typeof adminSchema>>;
