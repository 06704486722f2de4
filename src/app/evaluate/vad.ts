// Speech activity on labelled scenes (vad-scenes.ts), a score per 10 ms hop (score-scene.ts): ROC AUC of ours and of Silero
// through the onnx cell. Onsets, ends and false alarms, beside the peers: bench/audio.ts.

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
