// The keyword pipeline as a whole: equal to the training code on both engines, words said once and in place, and lawful.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import keyword from '../../pipelines/keyword.ts';
import { makeState } from '../../src/cell/state.ts';
import type { ResultItem } from '../../src/item/item.ts';
import { declaredBy } from '../../src/operator/make-stage.ts';
import { buildStack } from '../../src/pipeline/build-stack.ts';
import { loadPipeline } from '../../src/pipeline/connect.ts';
import { loadEngine } from '../../src/pipeline/engine.ts';
import { openModel } from '../../src/weights/open-model.ts';
import type { Model } from '../../src/weights/tensor.ts';
import { framedCodec } from '../../src/wire/framed-codec.ts';
import { jsonCodec } from '../../src/wire/json-codec.ts';
import type { ResultMessage } from '../../src/wire/messages.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { fromResultMessage } from '../../src/wire/result-message.ts';
import { ROOT } from '../arch/imports.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import { readModelGolden } from '../helpers/golden-audio.ts';
import { seeded } from '../helpers/items.ts';
import {
  expectAnyChunking,
  expectGapInPieces,
  expectResumesAnywhere,
  expectStreamsApart,
  type Step,
} from '../helpers/pipeline-laws.ts';
import { covers, runSession } from '../helpers/sessions.ts';

const open = (name: string) => openModel(join(ROOT, 'models', name));
const load = async (options: object, engine = 'portable') =>
  loadPipeline(keyword, { ...options }, open, await loadEngine(engine));
const MONO = { rateHz: 16_000, width: 1 };

/** No keyword is in it. */
const speech = await bundledSpeech();
/** With such a threshold there are words in it, which laws need. */
const EAGER = { threshold: 0.01, probabilities: 'on' };

describe.each(['ssm', 'attention'])('keyword with cell %s', (cell) => {
  it.each(['plain', 'portable'])('equals the training code within 1e-4 on its golden audio: %s', async (engine) => {
    const golden = await readModelGolden(`keyword-${cell}`);
    const { words } = (await open(`keyword-${cell}`)).config.millrace as { words: string[] };
    const loaded = await load({ cell, probabilities: 'on' }, engine);
    const { outputs } = await runSession(loaded, MONO, Float32Array.from(golden('in.audio')));
    const wanted = golden('f64/out.logits').map((logit) => 1 / (1 + Math.exp(-logit)));
    const hops = outputs.flatMap(({ item }) => (item.kind === 'detection' && item.name === 'keyword' ? [item] : []));
    expect(hops.length * words.length).toBe(wanted.length);
    expect(
      covers(
        outputs.filter(({ item }) => item.kind === 'gap' || hops.includes(item as never)),
        32_000,
      ),
    ).toBe(true);
    const errors = hops.flatMap(({ values }, hop) =>
      words.map((word, i) => Math.abs(values[word.replaceAll(' ', '_')]! - wanted[hop * words.length + i]!)),
    );
    expect(Math.max(...errors)).toBeLessThan(1e-4);
  });

  it('gives the embedding of the training code behind the logits', async () => {
    const model = await open(`keyword-${cell}`);
    const golden = await readModelGolden(`keyword-${cell}`);
    const [rows, wanted] = [golden('out.features'), golden('out.embedding')];
    const both = buildStack(model, { trunk: true });
    const heads = (model.config.millrace as { words: string[] }).words.length;
    const width = both.dOut - heads;
    expect(wanted.length).toBe((rows.length / 40) * width);
    const [state, out] = [makeState(both.layout), new Float32Array(both.dOut)];
    both.init(state);
    let worst = 0;
    for (let t = 0; t < rows.length / 40; t++) {
      both.step(state, Float32Array.from(rows.subarray(t * 40, (t + 1) * 40)), out);
      for (let i = 0; i < width; i++) worst = Math.max(worst, Math.abs(out[heads + i]! - wanted[t * width + i]!));
    }
    expect(worst).toBeLessThan(2e-3);
  });

  it('gives the same digest for 1,000 random chunkings of a real recording', async () => {
    await expectAnyChunking(await load({ cell, ...EAGER }), speech.slice(40_000, 43_300));
  });

  it('resumes from a snapshot at any row, gaps, resets and resampling included', async () => {
    const steps: Step[] = [{ upTo: 24_000 }, { lost: 3000 }, { upTo: 42_000 }, 'reset', { upTo: 60_000 }];
    await expectResumesAnywhere(await load({ cell, ...EAGER }), speech.slice(20_000, 80_000), steps, { trials: 12 });
  });

  it('takes a gap in one piece or in many with the same digest, and says words around it', async () => {
    const loaded = await load({ cell, threshold: 0.01 });
    const whole = await expectGapInPieces(loaded, speech.slice(0, 45_000), speech.slice(45_000, 120_000));
    expect(whole.results).toBeGreaterThan(0);
  });

  it('keeps streams apart', async () => {
    const pieces = [speech.slice(0, 9000), speech.slice(30_000, 41_000), speech.slice(60_000, 67_777)];
    await expectStreamsApart(await load({ cell, ...EAGER }), pieces);
  });

  it('hears no wake word in other speech, and nothing at all in silence and in full-scale noise', async () => {
    const random = seeded(2);
    const noise = Float32Array.from({ length: 160_000 }, () => 2 * random() - 1);
    expect((await runSession(await load({ cell, words: 'wake' }), MONO, speech)).outputs).toEqual([]);
    for (const sound of [new Float32Array(160_000), noise]) {
      expect((await runSession(await load({ cell }), MONO, sound)).outputs).toEqual([]);
    }
  });

  it('declares samples that are no numbers as a fault, and goes on', async () => {
    const sound = speech.slice(0, 16_000);
    sound.fill(Number.NaN, 5000, 5100);
    const { outputs } = await runSession(await load({ cell, probabilities: 'on' }), MONO, sound);
    expect(outputs.filter(({ item }) => item.kind === 'gap')).toMatchObject([{ item: { why: 'fault' } }]);
    expect(
      covers(
        outputs.filter(({ item }) => item.kind !== 'detection' || item.name === 'keyword'),
        16_000,
      ),
    ).toBe(true);
  });
});

describe('keyword, its options', () => {
  const names = async (options: object): Promise<string[]> => {
    const { outputs } = await runSession(await load({ ...EAGER, ...options }), MONO, speech.slice(0, 1600));
    const [first] = outputs.map(({ item }) => item);
    return first?.kind === 'detection' ? Object.keys(first.values) : [];
  };

  it('hears all words, the wake words, the digits, or one of them', async () => {
    expect(await names({})).toHaveLength(18);
    expect((await names({ words: 'wake' })).length + (await names({ words: 'digits' })).length).toBe(18);
    expect(await names({ words: 'smart_mirror' })).toEqual(['smart_mirror']);
    await expect(load({ words: 'banana' })).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' });
  });

  it('says which words a model knows that does not know the one asked for', async () => {
    const model = await open('keyword-ssm');
    const millrace = model.config.millrace as { words: string[] };
    const other = { ...millrace, words: millrace.words.map((word) => (word === 'zero' ? 'nought' : word)) };
    const lacking = { ...model, config: { ...model.config, millrace: other } };
    const loaded = await loadPipeline(keyword, { words: 'zero' }, async () => lacking);
    expect(() => loaded.connect(MONO)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', expected: expect.stringContaining('nought') }),
    );
    expect(declaredBy((await loadPipeline(keyword, {}, async () => lacking)).connect(MONO))).toHaveLength(17);
  });

  it("takes a word of one's own in place of the model's of that name", async () => {
    const model = await open('keyword-ssm');
    const width = buildStack(model, { trunk: true }).dOut - (model.config.millrace as { words: string[] }).words.length;
    const word = { name: 'smart_mirror', direction: Array(width).fill(1 / Math.sqrt(width)), threshold: 0.5 };
    const millrace = {
      task: 'enrolled-words',
      trunk: model.id,
      cell: 'ssm',
      hops: 12,
      lags: [0],
      width,
      words: [word],
    };
    const enrolled: Model = { id: 'own', name: 'own words', config: { millrace }, weights: new Map() };
    const openAny = async (name: string) => (name === 'enrolled' ? enrolled : model);
    const loaded = await loadPipeline(keyword, { enrolled: 'on', words: 'wake', probabilities: 'on' }, openAny);
    const ops = declaredBy(loaded.connect(MONO));
    expect(new Set(ops.map(({ op }) => op)).size).toBe(ops.length);
    expect(ops[0]!.values).toHaveLength(8);
    const { outputs } = await runSession(loaded, MONO, speech.slice(0, 1600));
    const [first] = outputs.map(({ item }) => item);
    expect(first?.kind === 'detection' && Object.keys(first.values)).toEqual(ops[0]!.values);
  });
});

const READY = {
  ...{ type: 'ready', session: 's', stream: 't', recovered: false, offset: 0, seq: 0, pipeline: 'keyword' },
  ...{ numerics: 'portable-1', state_bytes: 1, credit: 1, frame: 'framed' },
  limits: { max_message: 1, idle_ms: 1, max_gap: 1, max_outstanding: 1 },
};

describe('keyword, on the wire', () => {
  it('is the same in JSON, in protobuf and framed', async () => {
    const loaded = await load({ threshold: 1e-7, words: 'smart_mirror', probabilities: 'on' });
    const { outputs } = await runSession(loaded, MONO, speech.slice(40_000, 120_000));
    const said = outputs.filter(({ item }) => item.kind === 'detection' && item.name === 'keyword.smart_mirror');
    expect(said.length).toBeGreaterThan(0);
    const framed = declaredBy(loaded.connect(MONO));
    expect(framed).toEqual([
      { op: 'keyword', values: ['smart_mirror'] },
      { op: 'keyword.smart_mirror', values: ['score'] },
    ]);
    for (const codec of [jsonCodec, pbCodec, framedCodec(jsonCodec), framedCodec(pbCodec)]) {
      codec.decodeServer(codec.encodeServer({ ...READY, framed } as never));
      for (const { seq, item } of outputs) {
        const message = codec.decodeServer(codec.encodeResult(seq, item as ResultItem));
        expect(fromResultMessage(message as ResultMessage, 16_000)).toEqual(item);
      }
    }
  });
});
