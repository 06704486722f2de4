// The largest error of a tensor over its largest value, gathered piece by piece.

export interface ErrorMeter {
  add(actual: number, expected: number): void;
  /** max|actual - expected| / max|expected|; Infinity once a number was not one; undefined when nothing was compared. */
  value(): number | undefined;
}

export function errorMeter(): ErrorMeter {
  let count = 0;
  let worst = 0;
  let scale = 0;
  return {
    add(actual, expected) {
      count++;
      const error = Math.abs(actual - expected);
      if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
      scale = Math.max(scale, Math.abs(expected));
    },
    value() {
      if (count === 0) return undefined;
      return worst === 0 ? 0 : worst / scale;
    },
  };
}
