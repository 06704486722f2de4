// What is unusual in any sensor, with nothing trained and no threshold per sensor:  in  --rows--rows--gap--rows--|
//                                                                                   out -----S----------gap--E----|
// S, E: Detections `anomaly.start`, as soon as it is known, and `anomaly.end` {score, column, cause, value, expected, lower, upper,
// peak}; from: the first unusual row, peak: rows from there to the worst. `readings: 'on'`: for every row a Detection `anomaly`
// {score, alarm} as well; alarm is 0 where nothing would be told however low the threshold. A missing value (NaN) is no value:
// nothing is judged and nothing learned. State has one fixed size. Read next: column.ts, alarm.ts, docs/anomaly.md.

import { type Micros, micros } from '../../base/units.ts';
import type { Chunk } from '../../item/item.ts';
import { ptsOf } from '../../item/timeline.ts';
import { makeStage } from '../make-stage.ts';
import { perColumn } from '../per-column.ts';
import type { Stage } from '../stage.ts';
import { ALARM_LAYOUT, candidate, initAlarm } from './alarm.ts';
import { type Judgement, judge } from './column.ts';
import { columnLayout, initColumns } from './column-state.ts';
import { EPISODE_LAYOUT, initEpisode, openEpisode, type Worst } from './episode.ts';
import { type AnomalyOptions, checkOptions, QUIET_ROWS } from './options.ts';

const PEAK = ['score', 'column', 'cause', 'value', 'expected', 'lower', 'upper'] as const;

export function anomaly(options: AnomalyOptions): Stage {
  checkOptions(options);
  const { width, rateHz, threshold = 1, quietRows = QUIET_ROWS, readings = 'off' } = options;
  const layout = columnLayout(width);
  const judgement: Judgement = { score: 0, cause: 0, value: NaN, lower: NaN, upper: NaN, residual: NaN }; // scratch
  const worst: Worst = { ...judgement, column: 0, came: NaN };

  function ptsOfRow(chunk: Chunk, i: number): Micros {
    if (chunk.times) return micros(chunk.times[i]!);
    return rateHz > 0 ? ptsOf(chunk.from + i, rateHz) : micros(chunk.pts + i);
  }

  return makeStage(
    (context, emit) => {
      const columns = context.state('anomaly.columns', layout, initColumns);
      const alarms = context.state('anomaly.alarms', ALARM_LAYOUT, ({ at }) => initAlarm(at));
      const under = context.state('anomaly.episode', EPISODE_LAYOUT, ({ at }) => initEpisode(at));
      const views = perColumn(columns, width);
      const episode = openEpisode(under.at, threshold, emit);

      function judgeRow(chunk: Chunk, i: number): void {
        const pts = ptsOfRow(chunk, i);
        const seconds = chunk.times || rateHz > 0 ? pts / 1e6 : NaN;
        worst.score = -1;
        for (let column = 0; column < width; column++) {
          const x = chunk.data[i * width + column]!;
          if (!(x - x === 0)) continue;
          judge(views[column]!, x, seconds, judgement);
          if (judgement.score > worst.score) Object.assign(worst, judgement, { column, came: x });
        }
        worst.score = Math.max(worst.score, 0);
        const span = { from: chunk.from + i, to: chunk.from + i + 1, pts };
        const alarm = candidate(alarms.at, span.from, worst.score, quietRows);
        if (readings === 'on') {
          const values = { score: Math.fround(worst.score), alarm: Math.fround(alarm) };
          emit({ kind: 'detection', name: 'anomaly', ...span, values });
        }
        episode.row(worst, alarm, span);
      }

      return {
        chunk(item) {
          for (let i = 0; i < item.rows; i++) judgeRow(item, i);
        },
        gap(item) {
          if (item.why !== 'late') episode.stop(); // a late row takes no time
          emit(item);
        },
        mark(item) {
          if (item.what !== 'flush') episode.stop();
          if (item.what === 'reset') {
            initColumns(columns);
            initAlarm(alarms.at);
          }
          emit(item);
        },
      };
    },
    [
      ...(readings === 'on' ? [{ op: 'anomaly', values: ['score', 'alarm'] }] : []),
      { op: 'anomaly.start', values: PEAK },
      { op: 'anomaly.end', values: [...PEAK, 'peak'] },
    ],
  );
}
