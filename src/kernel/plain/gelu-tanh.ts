// GELU in its tanh form, as Gemma and Griffin gate with it (`gelu_pytorch_tanh`). The exact x * Phi(x) of the S4 family is
// s4d-gelu.ts; the two differ by up to 5e-4.

import { tanh } from '../../base/math.ts';

const SQRT_2_OVER_PI = 0.7978845608028654;

/** 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))); Hendrycks & Gimpel 2016, 1606.08415. */
export const geluTanh = (x: number): number => 0.5 * x * (1 + tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)));
