// The kernels that are measured, and what an engine gives to have its own measured beside the others: see plain-kernels.ts.

/** Floating-point operations of a call, a multiply-add as two, an exp or a square root as one. */
export const KERNELS = {
  'matvec 64x64': 2 * 64 * 64,
  'matvec 280x64': 2 * 280 * 64,
  'matvec 64x128': 2 * 64 * 128,
  'matmul 280x64, 4 rows': 4 * 2 * 280 * 64,
  'matmul 64x128, 4 rows': 4 * 2 * 64 * 128,
  'ssd step 8x16x16': 8 + 8 * 16 * (5 * 16 + 3),
  'conv 160x4': 2 * 160 * 4,
  'rms norm 64': 4 * 64,
  'silu 160': 4 * 160,
  'attention ring 100x64': 100 * (4 * 64 + 3 * 4),
  /** The usual convention, 5 N log2 N, halved for real input. */
  'real fft 512': 2.5 * 512 * 9,
  /** Nothing but multiply-adds in registers, 1,000 rounds of 14 on four lanes: what the engine can do at best. */
  'multiply-add peak': 1000 * 14 * 4 * 2,
} as const;
export type KernelName = keyof typeof KERNELS;

export interface KernelEngine {
  readonly name: string;
  /** Each makes inputs and scratch of its own and returns the call to time; all calls of one kernel do the same work. */
  readonly kernels: Readonly<Partial<Record<KernelName, () => () => void>>>;
}
