/**
 * One whole period of smooth weighted round robin, written out: 5/1/1 gives a a b a c a a. The order is
 * nginx's, ties included; only the way it is computed differs.
 *
 * Candidates of equal weight take turns among themselves, so it is enough to run the algorithm over
 * the distinct weights: those of one weight who were not picked in this round stand equal, and whoever
 * was picked stands lower by the total.
 */

/** Longest period written out. */
export const sequenceLengthMax = 65_536;

/** Most steps of computing it, about a millisecond. */
const workMax = 1 << 20;

/** Weights are told apart to a thousandth. */
const unitsPerWeight = 1000;

interface Group {
  readonly units: number;
  readonly members: readonly number[];
  /** The sum that members not yet picked in this round have. */
  sum: number;
  next: number;
}

/**
 * Indices into `weights`, in the order in which they are picked. Empty when no weight is positive, null
 * when the period is too long to be written out.
 */
export function smoothSequence(weights: Float64Array): Uint32Array | null {
  const groups = groupsOf(weights);
  let length = 0;
  for (const group of groups) length += group.units * group.members.length;
  if (length > sequenceLengthMax || length * groups.length > workMax) return null;
  const sequence = new Uint32Array(length);
  for (let i = 0; i < length; i++) sequence[i] = pickOnce(groups, length);
  return sequence;
}

function pickOnce(groups: readonly Group[], total: number): number {
  let best: Group | null = null;
  for (const group of groups) {
    group.sum += group.units;
    if (
      best === null ||
      group.sum > best.sum ||
      (group.sum === best.sum && group.members[group.next]! < best.members[best.next]!)
    )
      best = group;
  }
  const winner = best!.members[best!.next]!;
  if (++best!.next === best!.members.length) {
    best!.next = 0;
    best!.sum -= total;
  }
  return winner;
}

/** The distinct weights in smallest whole units, with the indices that have them. */
function groupsOf(weights: Float64Array): Group[] {
  const members = new Map<number, number[]>();
  let divisor = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (!(weight > 0)) continue;
    const units = Math.max(1, Math.round(weight * unitsPerWeight));
    divisor = greatestCommonDivisor(units, divisor);
    const known = members.get(units);
    if (known === undefined) members.set(units, [i]);
    else known.push(i);
  }
  return [...members].map(([units, indices]) => ({
    units: units / divisor,
    members: indices,
    sum: 0,
    next: 0,
  }));
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
