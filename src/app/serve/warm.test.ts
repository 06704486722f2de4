// What is warmed, and what is made of a pipeline that cannot be.

import { pino } from 'pino';
import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { engineError } from '../../base/errors.ts';
import { loadPipeline } from '../../pipeline/connect.ts';
import { definePipeline } from '../../pipeline/define-pipeline.ts';
import { openEngine } from '../open-engine.ts';
import { createOpenPipeline, type OpenPipeline } from '../open-pipeline.ts';
import { warmUp } from '../warm-up.ts';
import { chooseToWarm, warm } from './warm.ts';

const silent = pino({ level: 'silent' });

describe('what is warmed', () => {
  it('is every pipeline, none, or those that are named', async () => {
    const all = await chooseToWarm(['all']);
    expect(all).toMatchObject({ wanted: false, names: expect.arrayContaining(['vad', 'denoise', 'forecast']) });
    for (const none of [[], ['none']]) expect((await chooseToWarm(none)).names).toEqual([]);
    expect(await chooseToWarm(['vad'])).toEqual({ names: ['vad'], wanted: true });
    await expect(chooseToWarm(['vad', 'all'])).rejects.toThrow('"all" is warmed beside others');
    for (const wrong of [['vda'], ['all', 'vad'], ['none', 'vad']])
      await expect(chooseToWarm(wrong)).rejects.toMatchObject({
        code: 'ERR_PIPELINE_UNKNOWN',
        expected: expect.stringMatching(/^all, none, or some of anomaly, /),
      });
  });

  it('is not what does not run on the engine, unless that was asked for', async () => {
    const openPipeline = createOpenPipeline(await openEngine('onnx'));
    expect(await warm({ names: ['voice'], wanted: false }, openPipeline, silent, () => true)).toBe(true);
    expect(await warm({ names: ['voice'], wanted: true }, openPipeline, silent, () => true)).toBe(false);
  });

  it('is the others all the same when one cannot be opened, and none once the server is closed', async () => {
    const opened: string[] = [];
    const openPipeline: OpenPipeline = (name) => {
      opened.push(name);
      return Promise.reject(engineError('ERR_WEIGHTS_MISSING', 'no weights'));
    };
    const names = ['a', 'b'];
    expect(await warm({ names, wanted: false }, openPipeline, silent, () => true)).toBe(false);
    expect(opened).toEqual(names);
    expect(await warm({ names, wanted: true }, openPipeline, silent, () => false)).toBe(false);
    expect(opened).toEqual(names);
  });

  it('lets others run in between, and fails when a stage does', async () => {
    const plain = await createOpenPipeline()('denoise', {});
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await warmUp(plain);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    const broken = definePipeline({
      name: 'broken',
      summary: 'throws',
      input: { kind: 'sensor', rateHz: 0, width: 0, hopRows: 1 },
      options: {},
      load: async () => undefined,
      modelIds: () => [],
      stages: () => [
        () =>
          map(() => {
            throw engineError('ERR_INVARIANT', 'thrown by a stage');
          }),
      ],
    });
    const loaded = await loadPipeline(broken, {}, () => Promise.reject(new Error('no models')));
    await expect(warmUp(loaded)).rejects.toMatchObject({ message: 'thrown by a stage' });
  });
});
