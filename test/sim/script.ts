// What a client of a chaos run does, from a seed: rows, gaps and commands in an order that only the seed decides. Shared by
// the run, by the client's process, and by the undisturbed run that it is compared with.

export type Step =
  | { readonly kind: 'rows' | 'gap'; readonly from: number; readonly to: number }
  | { readonly kind: 'finalize' | 'reset'; readonly from: number; readonly id: string };

export function makeScript(random: () => number, rowsMax: number): Step[] {
  const steps: Step[] = [];
  for (let from = 0; from < rowsMax; ) {
    const choice = random();
    const id = `c${steps.length}`;
    if (choice < 0.05) steps.push({ kind: 'finalize', from, id });
    else if (choice < 0.08) steps.push({ kind: 'reset', from, id });
    else {
      const rows = choice < 0.13 ? 1 + Math.floor(random() * 800) : 100 + Math.floor(random() * 2400);
      const to = Math.min(from + rows, rowsMax);
      steps.push({ kind: choice < 0.13 ? 'gap' : 'rows', from, to });
      from = to;
    }
  }
  return steps;
}
