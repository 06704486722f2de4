// Speech activity on labelled scenes: vad.jsonl beside vad/<id>.flac, `speech` as [[start, end] s]. One score per 10 ms hop,
// the hop's label taken at its middle. Silero answers every 32 ms; its answer is given to every hop whose middle lies in
// those 32 ms, so it sees up to 27 ms more of the future than ours do.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { streamId } from '../../base/units.ts';
import { onnxCell, sileroManifest } from '../../cell/onnx/index.ts';
import { detect } from '../../operator/detect/index.ts';
import { rehop } from '../../operator/rehop/index.ts';
import { scanCellAsync } from '../../operator/scan-cell-async/index.ts';
import { type LoadedPipeline, loadPipeline } from '../../pipeline/connect.ts';
import { definePipeline } from '../../pipeline/define-pipeline.ts';
import { Session } from '../../session/session.ts';
import { modelFromBytes } from '../../weights/model-from-bytes.ts';
import { systemClock } from '../clock.ts';
import type { OpenPipeline } from '../open-pipeline.ts';
import { byteSize, microseconds, table } from '../print.ts';
import { readSamples } from '../run/read-samples.ts';
import { openSource } from '../source/open-source.ts';
import { rocAuc } from './roc-auc.ts';

export interface VadEvaluation {
  /** Folder with vad.jsonl and vad/. */
  readonly data: string;
  /** An ONNX file of Silero VAD 5 or 6, to run beside ours. */
  readonly silero?: string;
}

interface Scene {
  readonly samples: Float32Array;
  readonly labels: Uint8Array;
  readonly snr: number;
}

const RATE_HZ = 16_000;
const HOP_ROWS = 160;

export async function evaluateVad(
  open: OpenPipeline,
  options: VadEvaluation,
  print: (line: string) => void,
): Promise<void> {
  const scenes = await readScenes(options.data);
  const contestants: [string, LoadedPipeline][] = [
    ['vad, ssm', await open('vad', { cell: 'ssm' })],
    ['vad, attention twin', await open('vad', { cell: 'attention' })],
  ];
  if (options.silero) contestants.push(['Silero (onnx cell)', await openSilero(options.silero)]);
  const snrs = [...new Set(scenes.map(({ snr }) => snr))].sort((a, b) => b - a);
  const rows = [['detector', 'ROC AUC', ...snrs.map((snr) => `${snr} dB`), 'state', 'per s of audio']];
  for (const [name, loaded] of contestants) {
    const runs: { scores: Float32Array; scene: Scene }[] = [];
    let us = 0;
    let bytes = 0;
    for (const scene of scenes) {
      const run = await scoreScene(loaded, scene);
      runs.push({ scores: run.scores, scene });
      us += run.us;
      bytes = run.bytes;
    }
    const auc = (chosen: typeof runs): string =>
      rocAuc(
        chosen.flatMap(({ scores }) => [...scores]),
        chosen.flatMap(({ scene }) => [...scene.labels]),
      ).toFixed(4);
    const seconds = scenes.reduce((sum, { samples }) => sum + samples.length / RATE_HZ, 0);
    const bySnr = snrs.map((snr) => auc(runs.filter(({ scene }) => scene.snr === snr)));
    rows.push([name, auc(runs), ...bySnr, byteSize(bytes), microseconds(us / seconds)]);
  }
  print(table(rows));
}

async function readScenes(data: string): Promise<Scene[]> {
  const lines = (await readFile(join(data, 'vad.jsonl'), 'utf8')).trim().split('\n');
  return Promise.all(
    lines.map(async (line) => {
      const { id, speech, snr } = JSON.parse(line) as { id: string; speech: [number, number][]; snr: number };
      const samples = await readSamples(await openSource(join(data, 'vad', `${id}.flac`)));
      const labels = Uint8Array.from({ length: Math.floor(samples.length / HOP_ROWS) }, (_, hop) => {
        const middle = ((hop + 0.5) * HOP_ROWS) / RATE_HZ;
        return speech.some(([start, end]) => middle >= start && middle < end) ? 1 : 0;
      });
      return { samples, labels, snr };
    }),
  );
}

/** A score per 10 ms hop, whatever hop the pipeline itself answers at. */
async function scoreScene(
  loaded: LoadedPipeline,
  scene: Scene,
): Promise<{ scores: Float32Array; us: number; bytes: number }> {
  const scores = new Float32Array(scene.labels.length);
  const session = new Session({
    id: streamId('scene'),
    loaded,
    source: { rateHz: RATE_HZ, width: 1 },
    clock: systemClock,
    onOutput: ({ item }) => {
      if (item.kind !== 'detection') return;
      const first = Math.ceil(item.from / HOP_ROWS - 0.5);
      const last = Math.min(Math.ceil(item.to / HOP_ROWS - 0.5), scores.length);
      scores.fill(item.values.speech!, first, last);
    },
  });
  const started = systemClock.now();
  for (let at = 0; at < scene.samples.length; at += 10 * HOP_ROWS) {
    session.rows(scene.samples.subarray(at, at + 10 * HOP_ROWS));
    await session.idle();
  }
  const us = systemClock.now() - started;
  session.close();
  return { scores, us, bytes: session.stateBytes };
}

async function openSilero(file: string): Promise<LoadedPipeline> {
  const hopRows = sileroManifest.onnx.input.rows;
  const manifest = { ...sileroManifest, onnx: { ...sileroManifest.onnx, file: basename(file) } };
  const model = modelFromBytes({
    name: basename(dirname(file)),
    config: new TextEncoder().encode(JSON.stringify(manifest)),
    onnx: await readFile(file),
  });
  const pipeline = definePipeline({
    name: 'silero',
    summary: 'Silero VAD through the ONNX cell',
    input: { kind: 'audio', rateHz: RATE_HZ, width: 1, hopRows },
    options: {},
    load: async () => onnxCell(model),
    modelIds: () => [model.id],
    numerics: 'onnxruntime-cpu',
    stages: (cell) => [
      rehop({ hopRows, width: 1, rateHz: RATE_HZ }),
      scanCellAsync(cell, { spanRows: hopRows, rateHz: RATE_HZ }),
      detect({ name: 'vad', values: ['speech'], spanRows: hopRows, rateHz: RATE_HZ }),
    ],
  });
  return loadPipeline(pipeline as never, {}, () => Promise.reject(new Error('no model folder is needed')));
}
