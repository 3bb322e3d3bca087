/** Finds the word a user probably meant: the nearest by edit distance, if near enough. */

/**
 * The candidate with the least Damerau–Levenshtein distance (optimal string alignment) to `word`,
 * or null when none is within a third of its length (at least one edit, at most four).
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | null {
  const wanted = fold(word);
  let nearest: string | null = null;
  let least = Math.min(4, Math.max(1, Math.ceil(wanted.length / 3))) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, fold(candidate));
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** `max_conns`, `max-conns` and `maxConns` are the same word to a person. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, "");
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
