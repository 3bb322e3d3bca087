/** Secrets are not guessable. */
import type { Rule } from "./rule.ts";

const charactersMin = 16;

export const weakSecrets: Rule = {
  name: "weak-secret",
  severity: "error",
  sentence: `A token or signing secret has fewer than ${charactersMin} characters.`,
  check({ config, report }) {
    const check = (secret: string, path: readonly (string | number)[]): void => {
      if (secret.length >= charactersMin) return;
      report({
        path,
        message: `it has only ${secret.length} characters`,
        allowed: `at least ${charactersMin} characters that nobody can guess`,
      });
    };
    for (const [index, { token }] of (config.admin?.tokens ?? []).entries())
      check(token, ["admin", "tokens", index, "token"]);
    for (const [name, { sticky }] of Object.entries(config.pools)) {
      if (sticky?.kind === "cookie" && sticky.secret !== null)
        check(sticky.secret, ["pools", name, "sticky", "secret"]);
    }
  },
};
