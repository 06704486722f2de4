// Weights of a dense layer as the kernel `matmul` reads them: panels of eight outputs, so that eight sums take two vector
// loads for each input and no horizontal sums.

export const PANEL = 8;

/**
 * @param weight [m, k] row-major   @param bias [m]
 * @returns panels [ceil(m / 8), k, 8], zeros beyond m; padded [ceil(m / 8) * 8], the bias or zeros
 */
export function packPanels(
  weight: Float32Array,
  m: number,
  k: number,
  bias?: Float32Array,
): { readonly panels: Float32Array; readonly padded: Float32Array } {
  const outputs = Math.ceil(m / PANEL) * PANEL;
  const panels = new Float32Array(outputs * k);
  for (let i = 0; i < m; i++) {
    const first = Math.floor(i / PANEL) * PANEL * k + (i % PANEL);
    for (let j = 0; j < k; j++) panels[first + j * PANEL] = weight[i * k + j]!;
  }
  const padded = new Float32Array(outputs);
  if (bias) padded.set(bias);
  return { panels, padded };
}
