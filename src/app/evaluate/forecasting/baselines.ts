// What a forecaster has to beat, each in constant state and one pass: the last value, the season before, the mean of the
// last seven seasons by phase, the mean by phase of a long season (hour of the week), and smoothing of level and season as
// exponential smoothing does (Holt-Winters, additive, no trend), the best of nine rates by its own error so far.

export interface Baseline {
  readonly name: string;
  readonly stateBytes: number;
  /** The next row; NaN where a value is missing. */
  push(row: Float32Array): void;
  /** `step` rows (1 ..) after the last one pushed. */
  predict(step: number, column: number): number;
}

export function baselines(width: number, seasonRows: number, longSeasonRows?: number): Baseline[] {
  return [
    ...[lastValue(width), seasonBefore(width, seasonRows), sevenSeasons(width, seasonRows)],
    ...(longSeasonRows ? [phaseMean(width, longSeasonRows)] : []),
    smoothing(width, seasonRows),
  ];
}

/** Missing values are taken to be the last ones. */
function filled(width: number): (row: Float32Array) => Float32Array {
  const last = new Float32Array(width);
  return (row) => {
    for (let c = 0; c < width; c++) if (row[c]! - row[c]! === 0) last[c] = row[c]!;
    return last;
  };
}

function lastValue(width: number): Baseline {
  const fill = filled(width);
  let last = new Float32Array(width);
  return {
    ...{ name: 'last value', stateBytes: 4 * width },
    push(row) {
      last = fill(row) as Float32Array<ArrayBuffer>;
    },
    predict: (_step, column) => last[column]!,
  };
}

/** The last `seasons` seasons as they were; predicts their mean at the phase asked for. */
function ringMean(name: string, width: number, seasonRows: number, seasons: number): Baseline {
  const fill = filled(width);
  const rows = seasons * seasonRows;
  const ring = new Float32Array(rows * width);
  const sums = new Float64Array(seasonRows * width);
  let count = 0;
  return {
    ...{ name, stateBytes: ring.byteLength + sums.byteLength },
    push(row) {
      const values = fill(row);
      const slot = count % rows;
      const phase = count % seasonRows;
      for (let c = 0; c < width; c++) {
        sums[phase * width + c]! += values[c]! - ring[slot * width + c]!;
        ring[slot * width + c] = values[c]!;
      }
      count++;
    },
    predict(step, column) {
      if (count < seasonRows) return ring[((count - 1) % rows) * width + column]!;
      const phase = (count - 1 + step) % seasonRows;
      const known = Math.min(seasons, Math.floor((count - 1 - phase) / seasonRows) + 1);
      return sums[phase * width + column]! / known;
    },
  };
}

const seasonBefore = (width: number, seasonRows: number): Baseline => ringMean('season before', width, seasonRows, 1);
const sevenSeasons = (width: number, seasonRows: number): Baseline =>
  ringMean('mean of 7 seasons by phase', width, seasonRows, 7);

function phaseMean(width: number, seasonRows: number): Baseline {
  const fill = filled(width);
  const sums = new Float64Array(seasonRows * width);
  const counts = new Float64Array(seasonRows);
  let last: Float32Array = new Float32Array(width);
  let count = 0;
  return {
    ...{ name: 'mean by phase of the long season', stateBytes: sums.byteLength + counts.byteLength },
    push(row) {
      last = fill(row);
      const phase = count++ % seasonRows;
      counts[phase]! += 1;
      for (let c = 0; c < width; c++) sums[phase * width + c]! += last[c]!;
    },
    predict(step, column) {
      const phase = (count - 1 + step) % seasonRows;
      return counts[phase]! > 0 ? sums[phase * width + column]! / counts[phase]! : last[column]!;
    },
  };
}

const LEVEL_RATES = [0.05, 0.2, 0.6];
const SEASON_RATES = [0.05, 0.15, 0.4];

function smoothing(width: number, seasonRows: number): Baseline {
  const fill = filled(width);
  const rates = LEVEL_RATES.flatMap((level) => SEASON_RATES.map((season) => ({ level, season })));
  const each = rates.length * width;
  const levels = new Float64Array(each);
  const losses = new Float64Array(each);
  const seasons = new Float64Array(each * seasonRows);
  const best = new Uint8Array(width);
  let count = 0;
  const at = (rate: number, column: number): number => rate * width + column;
  const value = (i: number, step: number): number =>
    levels[i]! + (count >= seasonRows ? seasons[i * seasonRows + ((count - 1 + step) % seasonRows)]! : 0);
  return {
    ...{ name: 'smoothing of level and season', stateBytes: 8 * each * (seasonRows + 2) },
    push(row) {
      const values = fill(row);
      for (const [r, { level, season }] of rates.entries()) {
        for (let c = 0; c < width; c++) {
          const i = at(r, c);
          const s = i * seasonRows + (count % seasonRows);
          const error = values[c]! - value(i, 1);
          losses[i] = 0.999 * losses[i]! + error * error;
          if (count === 0) levels[i] = values[c]!;
          else levels[i]! += level * (values[c]! - seasons[s]! - levels[i]!);
          seasons[s]! += (count < seasonRows ? 1 : season) * (values[c]! - levels[i]! - seasons[s]!);
        }
      }
      for (let c = 0; c < width; c++) {
        for (let r = 0; r < rates.length; r++) if (losses[at(r, c)]! < losses[at(best[c]!, c)]!) best[c] = r;
      }
      count++;
    },
    predict: (step, column) => value(at(best[column]!, column), step),
  };
}
