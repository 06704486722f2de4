// The opponents that can be had here: two from development dependencies, three from a folder that --peers names. The files
// in it, each project's own streaming export: gtcrn_simple.onnx, ulunas_stream_simple.onnx, dtln_1.onnx, dtln_2.onnx.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { engineError } from '../../../base/errors.ts';
import { openDtln } from './dtln.ts';
import { openGtcrn } from './gtcrn.ts';
import type { Peer } from './peer.ts';
import { openRnnoise } from './rnnoise.ts';
import { openSilero } from './silero.ts';
import { openUlUnas } from './ul-unas.ts';

export interface Peers {
  readonly peers: readonly Peer[];
  /** Who is not there and why, for the reader of the table. */
  readonly leftOut: readonly string[];
}

const FROM_FOLDER: readonly { name: string; files: readonly string[]; open(...paths: string[]): Promise<Peer> }[] = [
  { name: 'GTCRN', files: ['gtcrn_simple.onnx'], open: openGtcrn },
  { name: 'UL-UNAS', files: ['ulunas_stream_simple.onnx'], open: openUlUnas },
  { name: 'DTLN', files: ['dtln_1.onnx', 'dtln_2.onnx'], open: openDtln },
];

/** @throws ERR_FILE_NOT_FOUND when there is no such folder, ERR_ONNX_MODEL for a file that is another graph */
export async function openPeers(folder: string | undefined): Promise<Peers> {
  if (folder !== undefined && !existsSync(folder)) {
    throw engineError('ERR_FILE_NOT_FOUND', `there is no folder ${folder}`, {
      expected: `a folder with ${FROM_FOLDER.flatMap(({ files }) => files).join(', ')}`,
    });
  }
  const peers: Peer[] = [];
  const leftOut: string[] = [];
  for (const [name, open] of [
    ['RNNoise', openRnnoise],
    ['Silero VAD', openSilero],
  ] as const) {
    const peer = await open();
    if (peer) peers.push(peer);
    else leftOut.push(`${name} is left out: its development dependency is not installed`);
  }
  if (folder === undefined) {
    const names = FROM_FOLDER.map(({ name }) => name).join(', ');
    return { peers, leftOut: [...leftOut, `${names} are left out: no --peers folder`] };
  }
  for (const { name, files, open } of FROM_FOLDER) {
    const paths = files.map((file) => join(folder, file));
    const missing = files.filter((_, i) => !existsSync(paths[i]!));
    if (missing.length === 0) peers.push(await open(...paths));
    else leftOut.push(`${name} is left out: no ${missing.join(', ')} in the --peers folder`);
  }
  return { peers, leftOut };
}
