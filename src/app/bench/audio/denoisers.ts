// Who is to make noisy speech clean, behind one call: nobody (the recording as it is), the peers, our own pipeline. What comes
// back lies row for row beside what went in: a peer's declared lag is taken out, our items say where they belong. Nothing is
// shifted to where it fits best.

import { streamId } from '../../../base/units.ts';
import { filterFor } from '../../../operator/resample/filter.ts';
import { Session } from '../../../session/session.ts';
import { systemClock } from '../../clock.ts';
import { cleanedBy, type Peer } from '../peers/peer.ts';
import { resampled } from '../peers/resampled.ts';
import type { OurPipeline } from './our-pipelines.ts';
import { RATE_HZ } from './pairs.ts';

export interface Denoiser {
  readonly name: string;
  /** noisy [n] at 16 kHz -> [n], and the CPU microseconds of all threads that it took, conversion of the rate left out. */
  clean(noisy: Float32Array): Promise<{ samples: Float32Array; us: number }>;
  /** How old a row is when it comes out, the frame that has to fill up included. Known after the first `clean`. */
  latencyMs(): number;
  /** What conversion to the model's own rate and back adds to that, in ms. */
  readonly conversionMs: number;
}

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

export const noisyItself: Denoiser = {
  name: 'noisy',
  clean: (samples) => Promise.resolve({ samples, us: 0 }),
  latencyMs: () => 0,
  conversionMs: 0,
};

export function peerDenoiser(peer: Peer): Denoiser {
  const { name, rateHz, frameRows, latencyRows } = peer;
  return {
    name,
    async clean(noisy) {
      const input = resampled(noisy, RATE_HZ, rateHz);
      const started = cpuUs();
      const cleaned = await cleanedBy(peer, input);
      const us = cpuUs() - started;
      return { samples: resampled(cleaned, rateHz, RATE_HZ).subarray(0, noisy.length), us };
    },
    latencyMs: () => (1000 * (frameRows + latencyRows)) / rateHz,
    conversionMs: rateHz === RATE_HZ ? 0 : lookaheadMs(RATE_HZ, rateHz) + lookaheadMs(rateHz, RATE_HZ),
  };
}

/** Half the filter lies in the future. */
const lookaheadMs = (fromHz: number, toHz: number): number => (500 * filterFor(fromHz, toHz).taps) / fromHz;

/** As a stream with messages of 10 ms, everything but the socket. The latency is the oldest row that came out. */
export function ourDenoiser({ name, loaded }: OurPipeline): Denoiser {
  const messageRows = RATE_HZ / 100;
  let oldest = 0;
  return {
    name,
    async clean(noisy) {
      const samples = new Float32Array(noisy.length);
      let fed = 0;
      const started = cpuUs();
      const session = new Session({
        id: streamId('bench'),
        loaded,
        source: { rateHz: RATE_HZ, width: 1 },
        clock: systemClock,
        onOutput: ({ item }) => {
          if (item.kind !== 'chunk' || item.from >= samples.length) return;
          samples.set(item.data.subarray(0, samples.length - item.from), item.from);
          oldest = Math.max(oldest, fed - item.from);
        },
        onError: (error) => {
          throw error;
        },
      });
      for (let at = 0; at < noisy.length; at += messageRows) {
        fed = Math.min(at + messageRows, noisy.length);
        session.rows(noisy.subarray(at, fed));
        await session.idle();
      }
      session.mark('end');
      await session.idle();
      session.close();
      return { samples, us: cpuUs() - started };
    },
    latencyMs: () => (1000 * oldest) / RATE_HZ,
    conversionMs: 0,
  };
}
