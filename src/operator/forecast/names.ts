// Who forecasts: the first LEARNED are a reader's (reader.ts), those from there to TRAINED are in experts.ts, the one after
// them is trained.ts' where there is a model. A result names the one with the most weight.

export const EXPERTS = ['blend', 'own', 'pooled', 'week', 'season', 'fading', 'last', 'trained'] as const;
export const LEARNED = 3;
export const TRAINED = EXPERTS.indexOf('trained');
export const SEASON = EXPERTS.indexOf('season');
export const LAST = EXPERTS.indexOf('last');

/**
 * Those that are there. Attention has one learned expert in place of three; the other two are there without a weight. A column
 * alone has nobody to pool with: in that place stands the profile, which is what `pooled` is drawn to.
 */
export function expertsOf(cell: 'ssm' | 'attention', width: number, hasModel: boolean): readonly string[] {
  const [blend, own, pooled, ...rest] = EXPERTS.slice(0, hasModel ? TRAINED + 1 : TRAINED);
  return [cell === 'ssm' ? blend! : 'attention', own!, width > 1 ? pooled! : 'profile', ...rest];
}
