// What denoisers and speech detectors are worth on a folder of recordings (--data): noisy/clean pairs scored by metrics that
// have papers, labelled scenes scored against their labels, ours beside the peers, cost and latency in the same run. Folders:
// audio/pairs.ts, evaluate/vad-scenes.ts. What everybody costs on one recording, without quality: peers.ts.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listScenes, type SceneEntry } from '../evaluate/vad-scenes.ts';
import { usage } from '../usage.ts';
import { denoiseTable } from './audio/denoise-table.ts';
import { noisyItself, ourDenoiser, peerDenoiser } from './audio/denoisers.ts';
import { ourDetector, peerDetector } from './audio/detectors.ts';
import { openDnsmos } from './audio/dnsmos.ts';
import { ourPipelines } from './audio/our-pipelines.ts';
import { listPairs, type Pair } from './audio/pairs.ts';
import { vadTable } from './audio/vad-table.ts';
import { openPeers } from './peers/open-peers.ts';
import type { Peer } from './peers/peer.ts';
import type { BenchContext, Report } from './record.ts';

const DNSMOS_FILE = 'dnsmos_sig_bak_ovr.onnx';

/** @throws ERR_USAGE without a folder that has pairs or scenes, ERR_FILE_NOT_FOUND for a file that its list names */
export async function benchAudio(report: Report, { options, note }: BenchContext): Promise<void> {
  const folder = options.data;
  const expected = '--data <folder> with noisy/ and clean/ (files of equal names), or vad.jsonl and vad/';
  if (folder === undefined) throw usage('audio needs recordings', expected);
  const pairs = await listPairs(folder);
  const scenes = await listScenes(folder);
  if (pairs.length + scenes.length === 0) throw usage(`${folder} has neither pairs nor scenes`, expected);
  const { peers, leftOut } = await openPeers(options.peers);
  for (const text of leftOut) note(text);
  if (pairs.length > 0) await denoise(pairs, peers, report, { options, note });
  if (scenes.length > 0) await detect(scenes, peers, report, note);
}

async function denoise(
  pairs: readonly Pair[],
  peers: readonly Peer[],
  report: Report,
  { options, note }: BenchContext,
): Promise<void> {
  const file = options.peers && join(options.peers, DNSMOS_FILE);
  const dnsmos = file && existsSync(file) ? await openDnsmos(file) : undefined;
  if (!dnsmos) note(`DNSMOS is left out: no ${DNSMOS_FILE} in a --peers folder`);
  const denoisers = [
    noisyItself,
    ...peers.filter(({ answers }) => answers === 'audio').map(peerDenoiser),
    ...(await ourPipelines('denoise', note)).map(ourDenoiser),
  ];
  await denoiseTable(pairs, denoisers, dnsmos, report, note);
}

async function detect(
  scenes: readonly SceneEntry[],
  peers: readonly Peer[],
  report: Report,
  note: BenchContext['note'],
): Promise<void> {
  const detectors = [
    ...peers.filter(({ answers }) => answers === 'speech').map(peerDetector),
    ...(await ourPipelines('vad', note)).map(ourDetector),
  ];
  await vadTable(scenes, detectors, report, note);
}
