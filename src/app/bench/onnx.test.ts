import { expect, it } from 'vitest';
import { benchOnnx } from './onnx.ts';
import type { BenchRecord } from './record.ts';

it('sets a row and the delay of the event loop beside the main thread, for every model and number of streams', async () => {
  const records: BenchRecord[] = [];
  const notes: string[] = [];
  const options = { repetitions: 1, roundMs: 1, seconds: 0.2 };
  await benchOnnx((record) => records.push(record), { options, note: (text) => notes.push(text) });
  expect(notes).toEqual([]);
  for (const model of ['Silero VAD', 'vad-ssm exported']) {
    for (const streams of ['1 stream', '4 streams', '16 streams', '64 streams']) {
      const by = (name: string) => records.find((record) => record.name === `${model}, ${streams}, ${name}`);
      const main = by('one by one on the main thread');
      expect(main).toMatchObject({ section: 'onnx', unit: 'us/row' });
      expect(by('batched in a worker')).toMatchObject({ unit: 'us/row', baseline: 'one by one on the main thread' });
      expect(main!.value).toBeGreaterThan(0);
      for (const way of ['batched in a worker', 'one by one on the main thread', 'no rows']) {
        expect(by(`event-loop delay p99, ${way}`)).toMatchObject({ unit: 'us' });
      }
    }
  }
  expect(records).toHaveLength(2 * 4 * (2 + 3 * 3));
});
