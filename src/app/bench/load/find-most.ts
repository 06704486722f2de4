// The largest load that is kept: doubling until one fails, then halving what lies between. Assumes that what keeps more
// keeps less, which noise can break; so a level that fails is asked once more before it counts as failed.

export interface SearchOptions {
  readonly from: number;
  readonly most: number;
  /** Stop when the two ends differ by no more than this share of the lower one. */
  readonly precision: number;
}

/** @returns 0 when not even one is kept */
export async function findMost(
  keeps: (level: number) => Promise<boolean>,
  { from, most, precision }: SearchOptions,
): Promise<number> {
  const keepsOfTwo = async (level: number): Promise<boolean> => (await keeps(level)) || (await keeps(level));
  let kept = 0;
  let failed = most + 1;
  let level = Math.min(from, most);
  while (kept < most && level >= 1 && (kept === 0 || failed > most)) {
    if (await keepsOfTwo(level)) {
      kept = level;
      if (failed <= most) break;
      level = Math.min(2 * level, most);
    } else {
      failed = level;
      level = Math.floor(level / 2);
    }
  }
  while (failed <= most && failed - kept > Math.max(1, precision * kept)) {
    const middle = Math.floor((kept + failed) / 2);
    if (await keepsOfTwo(middle)) kept = middle;
    else failed = middle;
  }
  return kept;
}
