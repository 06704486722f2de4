// Reads the past by attention over the raw values themselves: earlier windows at the same phase of season are keys, what
// followed them are values. Nothing is learned and nothing is compressed; the window has about as many bytes as the
// ssm reader's whole state, so the comparison is at equal memory. Read next: kernel/plain/rls-window-attention.ts.

import { clearState, f32 } from '../../cell/state.ts';
import { windowAttention } from '../../kernel/plain/rls-window-attention.ts';
import { perColumn } from '../per-column.ts';
import type { StreamContext } from '../stage.ts';
import type { Reader, ReaderKind } from './reader.ts';
import type { ForecastOptions, ForecastSizes } from './sizes.ts';
import { ssmReaderBytes } from './ssm-reader.ts';

const KEYS_MAX = 1024;

export function attentionReader(options: ForecastOptions, sizes: ForecastSizes): ReaderKind {
  const { width, seasonRows } = options;
  const windowRows = Math.floor(ssmReaderBytes(options, sizes) / 4);
  const attention = { keyRows: sizes.lags, strideRows: seasonRows, keysMax: KEYS_MAX, temperature: 0.1 };
  const layout = { window: f32(width, windowRows), held: f32(width) };
  const scratch = new Float64Array(2 * KEYS_MAX + attention.keyRows);
  const steps = new Float64Array(options.horizon);
  const pending = new Float32Array(width); // from `advance` to the `read`s of the same row

  function open(context: StreamContext): Reader {
    const state = context.state('forecast.window', layout, clearState);
    const { held } = state.at;
    const windows = perColumn(state, width).map(({ window }) => window);
    return {
      advance(x) {
        pending.set(x);
      },
      hold(rows, row) {
        windows.forEach((window, channel) => {
          for (let r = Math.max(0, row - Math.min(rows, windowRows)); r < row; r++) {
            window[r % windowRows] = held[channel]!;
          }
        });
      },
      read(channel, views, { row, level, deviation }, _coefficients, [out]) {
        const value = pending[channel]!;
        if (value === value) held[channel] = value;
        windows[channel]![row % windowRows] = held[channel]!;
        const known = Math.min(views.rows[0]!, windowRows);
        if (windowAttention(windows[channel]!, row, known, deviation, attention, scratch, steps) === 0)
          steps.fill(level);
        for (const [k, step] of sizes.knots.entries()) out![k] = steps[step - 1]!;
      },
      reset() {
        clearState(state);
      },
    };
  }
  return { experts: 1, open };
}
