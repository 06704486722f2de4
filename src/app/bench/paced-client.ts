// The other process of the server benchmark: argv = port, cell. Streams the recording in real time and ends.

import { join } from 'node:path';
import { connect } from '../../client/index.ts';
import { pace } from '../demo/pace.ts';
import { ASSETS } from '../paths.ts';
import { readSamples } from '../run/read-samples.ts';
import { openSource } from '../source/open-source.ts';

const [port, cell] = process.argv.slice(2);
const source = await openSource(join(ASSETS, 'speech-in-noise.wav'));
const samples = await readSamples(source);
const client = connect(`ws://127.0.0.1:${port}/v1/stream`, {
  pipeline: 'vad',
  options: { cell: cell! },
  format: { encoding: 'f32le', rate: source.rateHz, channels: 1 },
});
await client.ready;
const chunkRows = source.rateHz / 100;
const beat = pace(10);
for (let at = 0; at < samples.length; at += chunkRows) {
  await beat();
  await client.send(samples.subarray(at, at + chunkRows));
}
await client.end();
