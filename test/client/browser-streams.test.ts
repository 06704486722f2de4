// Resumable streams in a real browser: what comes of connections that are cut. Without a browser: server/reconnect.test.ts.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { ROOT } from '../arch/imports.ts';
import { cutProxy } from '../helpers/cut-proxy.ts';
import { inChromium, RECORDING } from './in-chromium.ts';

const WAV_HEADER_BYTES = 44;
const audio = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 } as const;

inChromium('resumable streams', (browser) => {
  it.each([{}, { protocol: 'pb' }, { frame: 'framed' }])(
    'a resumable stream whose connection is cut has the digest of an undisturbed one: %o',
    async (more) => {
      const samples = new Int16Array(readFileSync(join(ROOT, RECORDING)).buffer.slice(WAV_HEADER_BYTES));
      const quiet = connect(`ws://127.0.0.1:${browser.server.port}/v1/stream`, { pipeline: 'vad', format: audio });
      await quiet.send(samples);
      const undisturbed = await quiet.end();
      const proxy = await cutProxy(browser.server.port, [40_000, 100_000, 3000, 150_000]);
      onTestFinished(() => proxy.close());
      const page = await browser.chromium.open(`${browser.pages.url}/empty.html`);
      const got = await page.evaluate<{
        end: object;
        results: number;
        dense: boolean;
        states: string[];
      }>(`(async () => {
        const { connect } = await import('/client.js');
        const recording = await (await fetch('/${RECORDING}')).arrayBuffer();
        const samples = new Int16Array(recording.slice(${WAV_HEADER_BYTES}));
        const seqs = [], states = [];
        const client = connect('ws://127.0.0.1:${proxy.port}/v1/stream', {
          pipeline: 'vad', format: ${JSON.stringify(audio)}, resume: true, ...${JSON.stringify(more)},
          random: () => 0.01,
          onResult: ({ seq }) => seqs.push(seq),
          onState: (state) => states.push(state),
        });
        for (let at = 0; at < samples.length; at += 1600) await client.send(samples.subarray(at, at + 1600));
        const end = await client.end();
        return { end, results: seqs.length, dense: seqs.every((seq, i) => seq === i), states };
      })()`);
      expect(got).toMatchObject({ end: undisturbed, results: undisturbed.results, dense: true });
      expect(proxy.cuts).toBe(4);
      expect(got.states.filter((state) => state === 'lost')).toHaveLength(4);
    },
  );
});
