/** The one switch that every protective feature has: act, or only count what it would have done. */
import { field } from "./field.ts";
import { choice } from "./leaves.ts";

export function enforceOrObserve() {
  return field(
    choice(["enforce", "observe"]).prefault("enforce"),
    "`observe` acts on nothing and counts what it would have done.",
  );
}
