// The law of a microphone: whatever happens to it, every row of time since its first sound is given once, in order, as sound
// or as missing, and there are as many as time went by.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MicrophoneOptions } from '../../src/client/microphone/index.ts';
import { expectWhole, listen, RATE, settle, system, useFakeSystem } from './microphones.ts';

useFakeSystem();

type Deed = 'mute' | 'unmute' | 'suspend' | 'resume' | 'pull' | 'plug' | 'use' | 'hide' | 'show' | 'nap';
const deeds: readonly Deed[] = ['mute', 'unmute', 'suspend', 'resume', 'pull', 'plug', 'use', 'hide', 'show', 'nap'];

type Heard = Awaited<ReturnType<typeof listen>>;

async function happen(deed: Deed, { microphone, sound }: Heard): Promise<void> {
  const track = system.tracks.at(-1)!;
  if (deed === 'mute' || deed === 'unmute') microphone[deed]();
  else if (deed === 'suspend' || deed === 'resume') await microphone[deed]();
  else if (deed === 'use') await microphone.use('another').catch(() => undefined);
  else if (deed === 'nap') {
    if (sound.state === 'running') sound.scope.ms += 3000; // nobody tells a page that its machine slept
  } else if (deed === 'pull') {
    system.refusal = { name: 'NotFoundError', message: '' };
    track.say('ended');
  } else if (deed === 'plug') {
    system.refusal = undefined;
    system.events.dispatchEvent(new Event('devicechange'));
  } else {
    track.muted = deed === 'hide';
    track.say(deed === 'hide' ? 'mute' : 'unmute');
  }
  await settle();
}

it('gives all time since the first sound once', async () => {
  const step = fc.tuple(fc.constantFrom(...deeds), fc.integer({ min: 0, max: 1500 }));
  const options = fc.record({ chunkMs: fc.constantFrom(5, 10, 20, 33), muted: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { maxLength: 14 }), async (more: MicrophoneOptions, steps) => {
      Object.assign(system, { asked: [], tracks: [], refusal: undefined });
      const heard = await listen(more);
      await settle();
      await heard.sound.pass(200);
      // Time is told from the first piece on: zeros before it were none, and a muted start is time at once.
      const began = heard.sound.scope.ms - 200 + (more.muted ? 0 : 16);
      let running = heard.sound.scope.ms;
      for (const [deed, ms] of steps) {
        await happen(deed, heard);
        await heard.sound.pass(ms);
        if (heard.sound.state === 'running' && ms >= 8) running = heard.sound.scope.ms;
      }
      await heard.microphone.close();
      await heard.over;
      expectWhole(heard.pieces);
      // What stands still at the end, or was just about to go on, is after the last row.
      const told = (heard.pieces.at(-1)!.to * 1000) / RATE;
      const slack = 20 + 8 * (1 + steps.length);
      expect(told).toBeGreaterThan(running - began - slack);
      expect(told).toBeLessThan(heard.sound.scope.ms - began + slack);
    }),
    { numRuns: 60, seed: 7 },
  );
});
