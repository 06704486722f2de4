// Second half of the demo: sensor rows over a WebSocket through the forecast pipeline, which has nothing trained before.
// First four years of weather as fast as they go, then this machine's own load, live.

import { connect, type EndMessage, fromResultMessage } from '../../client/index.ts';
import type { Forecast } from '../../item/item.ts';
import { shortestFloat32 } from '../../wire/shortest-float32.ts';
import { print } from '../print.ts';
import type { Source } from '../source/source.ts';

export interface SensorRun {
  readonly forecasts: readonly Forecast[];
  /** [rows], of the first column. */
  readonly values: Float32Array;
  /** Milliseconds since 1970, [rows]. */
  readonly times: Float64Array;
  /** Milliseconds from send to answer, one per row, each sent when the one before it was answered. */
  readonly latencyMs: Float32Array;
  readonly stateBytes: number;
  readonly end: EndMessage;
}

export interface SensorDemo {
  readonly url: string;
  readonly source: Source;
  readonly options: Readonly<Record<string, string | number>>;
  readonly rowsMax: number;
  /** A word on each row as its forecast comes back, or nothing. */
  readonly tell: (forecast: Forecast, row: Float32Array, latencyMs: number) => string | undefined;
}

export async function demoSensor({ url, source, options, rowsMax, tell }: SensorDemo): Promise<SensorRun> {
  const rows: Float32Array[] = [];
  const times: number[] = [];
  const sentAt: number[] = [];
  const forecasts: Forecast[] = [];
  const latencyMs: number[] = [];
  let answered: () => void = () => undefined;
  const client = connect(url, {
    pipeline: 'forecast',
    options,
    // Irregular times need a time column, which the text encodings have.
    format: { encoding: 'csv', fields: ['time', ...source.names], time: 'time', time_unit: 'us', rate: source.rateHz },
    onResult(message) {
      const item = fromResultMessage(message);
      if (item.kind !== 'forecast') return;
      forecasts.push(item);
      latencyMs[item.from] = performance.now() - sentAt[item.from]!;
      const line = tell(item, rows[item.from]!, latencyMs[item.from]!);
      if (line !== undefined) print(line);
      answered();
    },
  });
  const { state_bytes: stateBytes } = await client.ready;
  for await (const block of source.blocks()) {
    for (let at = 0; at * source.width < block.rows.length && rows.length < rowsMax; at++) {
      const row = block.rows.slice(at * source.width, (at + 1) * source.width);
      const time = block.times![at]!;
      rows.push(row);
      times.push(time / 1000);
      sentAt.push(performance.now());
      const fields = Array.from(row, (value) => (Number.isNaN(value) ? '' : String(shortestFloat32(value))));
      // One row, one answer: a row sent before the last is answered would measure the queue.
      const answer = new Promise<void>((resolve) => {
        answered = resolve;
      });
      await client.send(`${[time, ...fields].join(',')}\n`);
      await Promise.race([answer, client.ended]);
    }
    if (rows.length >= rowsMax) break;
  }
  await source.close();
  const end = await client.end();
  const values = Float32Array.from(rows, (row) => row[0]!);
  return {
    forecasts,
    values,
    times: Float64Array.from(times),
    latencyMs: Float32Array.from(latencyMs),
    stateBytes,
    end,
  };
}
