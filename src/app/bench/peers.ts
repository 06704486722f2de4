// Other people's models on the same audio in the same run: CPU seconds of all threads a second of audio, in turns, detectors
// beside our vad and denoisers beside our denoiser where there is one (vad until then). Everything single-threaded; each
// peer gets the bundled recording at its own rate, converted beforehand. What their answers are worth is another section.

import { streamId } from '../../base/units.ts';
import { Session } from '../../session/session.ts';
import { systemClock } from '../clock.ts';
import { interleave, ratioOf, type Timing } from './interleave.ts';
import { openPeers } from './peers/open-peers.ts';
import { type Peer, runPeer } from './peers/peer.ts';
import { bundledRecording, type Recording } from './peers/recording.ts';
import { resampled } from './peers/resampled.ts';
import type { BenchContext, Report } from './record.ts';
import { type ShippedPipeline, shippedPipelines } from './shipped-models.ts';

const ROUNDS = 5;
/** Long: what one leaves to the garbage collector falls into the turn of the next, which must not be what that costs. */
const ROUND_MS = 500;
const VAD = 'vad, cell=ssm';
const DENOISER = 'denoise';
/** Ours are sent in messages of this length, as a microphone does. */
const MESSAGE_SECONDS = 0.01;

export async function benchPeers(report: Report, { options, note }: BenchContext): Promise<void> {
  const { peers, leftOut } = await openPeers(options.peers);
  for (const text of leftOut) note(text);
  const recording = await bundledRecording();
  const ours = await shippedPipelines();
  const candidates = [
    ...ours.map((shipped) => ({ name: shipped.name, run: () => runOurs(shipped, recording) })),
    ...peers.map((peer) => {
      const samples = resampled(recording.samples, recording.rateHz, peer.rateHz);
      return { name: peer.name, run: () => runPeer(peer, samples) };
    }),
  ];
  const timings = await interleave(candidates, {
    rounds: options.repetitions ?? ROUNDS,
    roundMs: options.roundMs ?? ROUND_MS,
  });
  const seconds = recording.samples.length / recording.rateHz;
  const vad = timings.get(VAD)!;
  const denoiser = [...timings.values()].find(({ name }) => name.startsWith(DENOISER)) ?? vad;
  for (const timing of timings.values()) {
    const peer = peers.find(({ name }) => name === timing.name);
    reportCost(report, timing, peer?.answers === 'audio' ? denoiser : vad, seconds);
  }
  for (const peer of peers) reportLag(report, peer);
}

async function runOurs({ loaded }: ShippedPipeline, { samples, rateHz }: Recording): Promise<void> {
  const session = new Session({
    id: streamId('bench'),
    loaded,
    source: { rateHz, width: 1 },
    clock: systemClock,
    onOutput: () => undefined,
  });
  const rows = Math.round(rateHz * MESSAGE_SECONDS);
  for (let at = 0; at < samples.length; at += rows) {
    session.rows(samples.subarray(at, at + rows));
    while (session.work());
    await session.idle();
  }
  session.close();
}

function reportCost(report: Report, timing: Timing, baseline: Timing, seconds: number): void {
  const perSecond = (us: number): number => us / 1e6 / seconds;
  const beside = timing === baseline ? {} : { baseline: baseline.name, ratio: ratioOf(timing, baseline) };
  report({
    section: 'peers',
    name: timing.name,
    value: perSecond(timing.median),
    unit: 'CPU s/s of audio',
    spread: [perSecond(timing.spread[0]), perSecond(timing.spread[1])],
    ...beside,
  });
}

/** How old what is heard is: a frame has to be full, and the answer may be about rows before it. */
function reportLag(report: Report, { name, rateHz, frameRows, latencyRows }: Peer): void {
  const value = (1000 * (frameRows + latencyRows)) / rateHz;
  report({ section: 'peers', name: `${name}, frame and lag`, value, unit: 'ms' });
}
