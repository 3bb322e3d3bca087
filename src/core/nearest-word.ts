/** Finds the word a user probably meant: the nearest by edit distance, if near enough. */

/**
 * The candidate fewest edits away from `word`, letters' case aside: at most one edit per three
 * characters, and always at least one. Null when none is that near. The first of equals wins.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | null {
  const wanted = word.toLowerCase();
  let fewest = Math.max(1, Math.ceil(wanted.length / 3));
  let nearest: string | null = null;
  for (const candidate of candidates) {
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits < fewest || (edits === fewest && nearest === null)) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Levenshtein's distance: characters inserted, deleted or replaced; two rows of his table suffice. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = above[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[to.length]!;
}
