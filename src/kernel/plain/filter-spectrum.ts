// A spectrum through a gain for each bin and a short complex filter over the last hops of the lowest bins ("deep filtering",
// Mack and Habets 2020, eq. 3), limited in what it may take away. float64 inside; the fast twin: ../simd/filter-spectrum.ts.
//
//   y_b = g_b x_b + sum_j (2 span a_jb - span + i (2 span c_jb - span)) x_b,t-j      j < taps, the sum for b < filtered
//   where |y_b| < least |x_b|: y_b takes that magnitude;  out = x + strength (y - x)

export interface SpectrumFilter {
  /** Bins that the filter covers, from 0 on. */
  readonly filtered: number;
  /** Hops that it sees, the present one included. */
  readonly taps: number;
  /** Taps lie in [-span, span]. */
  readonly span: number;
  /** No bin comes out smaller than this times what went in: 0 to 1. */
  readonly least: number;
  /** Share of the result in what comes out; the rest is the input. 0 to 1. */
  readonly strength: number;
}

/** Under this |y|^2 a direction is not told: such a bin takes the direction of x. */
const FAINT = 1e-30;

/**
 * @param x [bins, 2]   @param past [taps - 1, filtered, 2] the hops before, the latest first
 * @param gain [bins]   @param re, im [taps, filtered] in [0, 1]   @param y [bins, 2] - written
 */
export function filterSpectrum(
  { filtered, taps, span, least, strength }: SpectrumFilter,
  x: Float32Array,
  past: Float32Array,
  gain: Float32Array,
  re: Float32Array,
  im: Float32Array,
  y: Float32Array,
): void {
  for (let bin = 0; bin < gain.length; bin++) {
    const [xr, xi] = [x[2 * bin]!, x[2 * bin + 1]!];
    let yr = gain[bin]! * xr;
    let yi = gain[bin]! * xi;
    for (let tap = 0; bin < filtered && tap < taps; tap++) {
      const at = tap * filtered + bin;
      const a = 2 * span * re[at]! - span;
      const c = 2 * span * im[at]! - span;
      const pr = tap === 0 ? xr : past[2 * (at - filtered)]!;
      const pi = tap === 0 ? xi : past[2 * (at - filtered) + 1]!;
      yr += a * pr - c * pi;
      yi += a * pi + c * pr;
    }
    const [px, py] = [xr * xr + xi * xi, yr * yr + yi * yi];
    if (py < least * least * px) {
      const scale = (least * Math.sqrt(px)) / Math.sqrt(py);
      yr = py > FAINT ? yr * scale : least * xr;
      yi = py > FAINT ? yi * scale : least * xi;
    }
    y[2 * bin] = xr + strength * (yr - xr);
    y[2 * bin + 1] = xi + strength * (yi - xi);
  }
}
