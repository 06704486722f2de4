// The name that somebody may have meant: the one that the fewest letters put in, left out, changed or swapped lead to.

/** Farther than a third of its letters it is another word. */
const SHARE = 3;

/** `sessionsMax`, `SESSIONS_MAX` and `MILLRACE_SESSIONS_MAX` are spellings of `sessions-max`. @returns undefined: none is near */
export function nearest(meant: string, names: readonly string[]): string | undefined {
  const spelled = meant
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll('_', '-')
    .replace(/^(--|millrace-)/, '');
  const ranked = names.map((name) => ({ name, edits: editsBetween(spelled, name) }));
  const best = ranked.reduce((a, b) => (b.edits < a.edits ? b : a), { name: '', edits: Infinity });
  return best.edits <= Math.max(1, best.name.length / SHARE) ? best.name : undefined;
}

/** Levenshtein's distance with swaps of neighbours (Damerau; optimal string alignment), O(|a| |b|). */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(change, row[j]! + 1, next[j - 1]! + 1, swapped ? before[j - 2]! + 1 : Infinity);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
