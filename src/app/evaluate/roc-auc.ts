// Area under the ROC curve: the probability that a random positive scores above a random negative, ties counting half.

/** @param labels 1 or 0 for each score */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    const rank = (start + end + 1) / 2; // mean of ranks start + 1 .. end
    for (let i = start; i < end; i++) {
      if (!labels[order[i]!]) continue;
      positives++;
      rankSum += rank;
    }
    start = end;
  }
  const negatives = scores.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
