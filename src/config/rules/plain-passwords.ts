/** Passwords are not kept in the open. */
import type { Rule } from "./rule.ts";

export const plainPasswords: Rule = {
  name: "plain-password",
  severity: "warning",
  sentence: "A user's password stands in the configuration as plain text.",
  check({ config, report }) {
    for (const [index, { basicAuth }] of config.routes.entries()) {
      for (const [user, password] of Object.entries(basicAuth?.users ?? {})) {
        if (!password.startsWith("plain:")) continue;
        report({
          path: ["routes", index, "basicAuth", "users", user],
          part: "key",
          message: "the password can be read by everyone who reads this file",
          allowed: "scrypt:<salt>:<key>",
        });
      }
    }
  },
};
