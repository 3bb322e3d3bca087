/** A least is not above its most. */
import type { Path } from "../issue.ts";
import type { Rule } from "./rule.ts";

export const leastAndMost: Rule = {
  name: "least-above-most",
  severity: "error",
  sentence: "A minimum is greater than the maximum that belongs to it.",
  check({ config, report }) {
    const compare = (
      section: Path,
      least: string,
      most: string,
      values: Readonly<Record<string, unknown>>,
    ): void => {
      const [low, high] = [values[least], values[most]];
      if (typeof low !== "number" || typeof high !== "number" || low <= high) return;
      report({
        path: [...section, least],
        message: `it is greater than ${most}`,
        allowed: `at most ${most}`,
      });
    };
    for (const [name, pool] of Object.entries(config.pools)) {
      const section = ["pools", name];
      compare([...section, "dns"], "ttlMin", "ttlMax", pool.dns);
      if (pool.source !== null) compare([...section, "source"], "ttlMin", "ttlMax", pool.source);
      compare([...section, "retry", "backoff"], "base", "max", pool.retry.backoff);
      if (pool.outlier !== null)
        compare([...section, "outlier", "ejection"], "base", "max", pool.outlier.ejection);
      if (pool.shed !== null) compare([...section, "shed"], "low", "normal", pool.shed);
      if (pool.concurrency !== null) {
        compare([...section, "concurrency"], "min", "max", pool.concurrency);
        compare([...section, "concurrency"], "initial", "max", pool.concurrency);
      }
    }
  },
};
