// Speech activity on labelled scenes (vad-scenes.ts), a score per 10 ms hop (score-scene.ts): ROC AUC of ours, of the denoiser's
// own speech head and of Silero through the onnx cell; then when the segments of ours are told (segment-timing.ts). Onsets, ends
// and false alarms of plain readings, beside the peers: bench/audio.ts.

import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { onnxCell, sileroManifest } from '../../cell/onnx/index.ts';
import { detect } from '../../operator/detect/index.ts';
import { rehop } from '../../operator/rehop/index.ts';
import { scanCellAsync } from '../../operator/scan-cell-async/index.ts';
import { type LoadedPipeline, loadPipeline } from '../../pipeline/connect.ts';
import { definePipeline } from '../../pipeline/define-pipeline.ts';
import { modelFromBytes } from '../../weights/model-from-bytes.ts';
import type { OpenPipeline } from '../open-pipeline.ts';
import { byteSize, microseconds, table } from '../print.ts';
import { usage } from '../usage.ts';
import { rocAuc } from './roc-auc.ts';
import { scoreScene } from './score-scene.ts';
import { type SegmentTiming, segmentTiming, tellSegments } from './segment-timing.ts';
import { listScenes, RATE_HZ, readScene, type Scene } from './vad-scenes.ts';

export interface VadEvaluation {
  /** Folder with vad.jsonl and vad/. */
  readonly data: string;
  /** An ONNX file of Silero VAD 5 or 6, to run beside ours. */
  readonly silero?: string;
}

export async function evaluateVad(
  open: OpenPipeline,
  options: VadEvaluation,
  print: (line: string) => void,
): Promise<void> {
  const entries = await listScenes(options.data);
  if (entries.length === 0) throw usage(`there is no vad.jsonl in ${options.data}`, 'a folder with vad.jsonl and vad/');
  const scenes = await Promise.all(entries.map(readScene));
  const contestants: [string, LoadedPipeline][] = [
    ['vad, ssm', await open('vad', { cell: 'ssm' })],
    ['vad, attention twin', await open('vad', { cell: 'attention' })],
    ['vad, second edition', await open('vad', { edition: '2' })],
    ['denoise, its speech head', await open('denoise', { vad: 'on' })],
    ['denoise small, its head', await open('denoise', { vad: 'on', model: 'small' })],
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
  print('');
  await timeSegments(open, scenes, print);
}

/** What says where speech starts and ends, as a client is told. */
const SEGMENTS: readonly [name: string, pipeline: string, options: Readonly<Record<string, string>>][] = [
  ['vad', 'vad', { segments: 'on' }],
  ['vad, second edition', 'vad', { segments: 'on', edition: '2' }],
  ["voice, the denoiser's head", 'voice', { detector: 'trunk' }],
  ['voice, small', 'voice', { detector: 'trunk', model: 'small' }],
  ['voice, its own detector', 'voice', { detector: 'own', model: 'small' }],
];

async function timeSegments(open: OpenPipeline, scenes: readonly Scene[], print: (line: string) => void) {
  const rows = [
    ['segments', 'utterances', 'missed', 'start told', '90 %', 'end told', '90 %', 'cut in two', 'false, a minute'],
  ];
  for (const [name, pipeline, options] of SEGMENTS) {
    const loaded = await open(pipeline, options);
    const all: SegmentTiming[] = [];
    for (const scene of scenes) {
      const segments = await tellSegments(loaded, scene);
      all.push(segmentTiming(scene.speech, segments, scene.samples.length / RATE_HZ));
    }
    const sum = (of: (timing: SegmentTiming) => number): number => all.reduce((total, one) => total + of(one), 0);
    const utterances = sum((one) => one.utterances);
    const [onsets, ends] = [all.flatMap((one) => one.onsets), all.flatMap((one) => one.ends)];
    rows.push([
      name,
      `${utterances}`,
      `${utterances - onsets.length}`,
      ...[quantile(onsets, 0.5), quantile(onsets, 0.9)].map(milliseconds),
      ...[quantile(ends, 0.5), quantile(ends, 0.9)].map(milliseconds),
      `${sum((one) => one.cuts)}`,
      ((60 * sum((one) => one.falseAlarms)) / sum((one) => one.noiseSeconds)).toFixed(1),
    ]);
  }
  print(table(rows));
}

const milliseconds = (seconds: number): string => `${Math.round(1000 * seconds)} ms`;

/** The value that a share q of all lies at or below. */
function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
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
