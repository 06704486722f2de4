// Who is to find speech, behind one call: our pipelines as streams, the peers frame by frame. Scores: evaluate/score-scene.ts.

import { collectScores, type HopScores, scoreScene } from '../../evaluate/score-scene.ts';
import { RATE_HZ, type Scene } from '../../evaluate/vad-scenes.ts';
import { type Peer, runPeer } from '../peers/peer.ts';
import { resampled } from '../peers/resampled.ts';
import type { OurPipeline } from './our-pipelines.ts';

export interface Detector {
  readonly name: string;
  /** And the CPU microseconds of all threads that it took. */
  score(scene: Scene): Promise<HopScores & { us: number }>;
}

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

export function ourDetector({ name, loaded }: OurPipeline): Detector {
  return { name, score: (scene) => scoreScene(loaded, scene, cpuUs) };
}

export function peerDetector(peer: Peer): Detector {
  const { name, rateHz, frameRows } = peer;
  return {
    name,
    async score({ samples, labels }) {
      const input = resampled(samples, RATE_HZ, rateHz);
      const started = cpuUs();
      const answers = await runPeer(peer, input);
      const us = cpuUs() - started;
      const { add, ...kept } = collectScores(labels.length);
      const rows = (frameRows * RATE_HZ) / rateHz;
      for (const [frame, score] of answers.entries()) add(frame * rows, (frame + 1) * rows, score);
      return { ...kept, us };
    },
  };
}
