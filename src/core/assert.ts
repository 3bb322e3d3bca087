/** Programmer errors end the worker, which is then replaced. Operating errors never come here. */

class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new AssertionError(claim);
}

/** Marks a place that the types already prove unreachable. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
