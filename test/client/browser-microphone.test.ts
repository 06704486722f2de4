// The microphone in a real browser. What it rests on is tested without one: microphone.test.ts, capture-worklet.test.ts.

import { describe, expect, it, onTestFinished } from 'vitest';
import { CAPTURE_WORKLET } from '../../src/client/microphone/index.ts';
import type { Page } from '../helpers/chromium.ts';
import { servePages } from '../helpers/page-server.ts';
import { bundle } from './bundle.ts';
import { inChromium } from './in-chromium.ts';

inChromium('the microphone', (browser) => {
  describe('docs/examples/microphone.html, as it stands', () => {
    async function start(pipeline: string): Promise<Page> {
      const page = await browser.chromium.open(`${browser.pages.url}/docs/examples/microphone.html`);
      await page.evaluate(`(() => {
        document.getElementById('url').value = 'ws://127.0.0.1:${browser.server.port}/v1/stream';
        document.getElementById('pipeline').value = '${pipeline}';
        document.getElementById('form').requestSubmit();
      })()`);
      return page;
    }
    const said = `document.getElementById('said').textContent`;
    const click = (id: string) => `document.getElementById('${id}').click()`;

    it('hears speech with vad, is muted honestly, and ends with every second accounted for', async () => {
      const page = await start('vad');
      await page.until(`/speech from/.exec(${said})`);
      await page.evaluate(click('mute'));
      await page.until(`/nothing heard from/.exec(${said})`);
      await page.evaluate(click('mute'));
      await page.evaluate(click('stop'));
      const [text] = await page.until<string[]>(`/\\d.* s, \\d+ results, \\d+ gaps, sha256:\\w+/.exec(${said})`);
      const [, seconds, results, gaps] = /([\d.]+) s, (\d+) results, (\d+) gaps/.exec(text!)!.map(Number);
      expect(seconds).toBeGreaterThan(1);
      expect(results).toBeGreaterThan(50 * seconds!); // a hop is 10 ms; some are in the muted gap
      expect(gaps).toBeGreaterThanOrEqual(1);
      expect(await page.evaluate(said)).toContain('listening to Fake');
    });

    it('plays what denoise gives back', async () => {
      const page = await start('denoise');
      await page.until(`/stream: open/.exec(${said})`);
      await page.evaluate(`new Promise((resolve) => {
        const start = AudioBufferSourceNode.prototype.start;
        let played = 0;
        AudioBufferSourceNode.prototype.start = function (at) {
          played += this.buffer.duration;
          if (played > 0.5 && this.buffer.getChannelData(0).some((x) => x !== 0)) resolve();
          return start.call(this, at);
        };
      })`);
      await page.evaluate(click('stop'));
      await page.until(`/results, \\d+ gaps, sha256/.exec(${said})`);
    });
  });

  it('the microphone accounts for all time: suspended, moved to another device, pulled out, muted', async () => {
    const page = await browser.chromium.open(`${browser.pages.url}/empty.html`);
    interface Told {
      readonly pieces: readonly (readonly [string, number, number])[];
      readonly states: readonly string[];
      readonly rate: number;
      readonly seconds: number;
      readonly refused: string;
      readonly moved: boolean;
    }
    const { pieces, states, rate, seconds, refused, moved } = await page.evaluate<Told>(`(async () => {
      const { openMicrophone } = await import('/microphone.js');
      const tracks = [], states = [], pieces = [];
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (wish) => {
        const stream = await ask(wish);
        tracks.push(...stream.getTracks());
        return stream;
      };
      const microphone = await openMicrophone({ onState: (state) => states.push(state) });
      let first;
      const reading = (async () => {
        for await (const piece of microphone) {
          first ??= performance.now();
          pieces.push([piece.why ?? 'sound', piece.from, piece.to]);
        }
      })();
      const more = async (what, count = 20) => {
        const had = pieces.length;
        while (pieces.slice(had).filter(([why]) => why === what).length < count) await new Promise((r) => setTimeout(r, 10));
      };
      await more('sound');
      for (const ms of [700, 200]) {
        await microphone.suspend();
        await new Promise((r) => setTimeout(r, ms));
        await microphone.resume();
        await more('sound');
      }
      const devices = await navigator.mediaDevices.enumerateDevices();
      const other = devices.find(({ kind, deviceId }) => kind === 'audioinput' && deviceId !== 'default');
      await microphone.use(other.deviceId);
      const moved = microphone.device.deviceId === other.deviceId;
      await more('sound');
      tracks[1].stop();
      tracks[1].dispatchEvent(new Event('ended'));
      await more('sound');
      microphone.mute();
      await more('muted', 1);
      microphone.unmute();
      await more('sound');
      const refused = await microphone.use('no such device').catch(({ code }) => code);
      await more('sound');
      await microphone.close();
      await reading;
      return { pieces, states, moved, rate: microphone.format.rate, seconds: (performance.now() - first) / 1000, refused };
    })()`);
    let at = 0;
    for (const [, from, to] of pieces) {
      expect(from).toBe(at);
      at = to;
    }
    const ms = (what: string) =>
      (1000 * pieces.reduce((sum, [why, from, to]) => sum + (why === what ? to - from : 0), 0)) / rate;
    expect(ms('suspended')).toBeGreaterThan(850);
    expect(moved).toBe(true);
    expect(ms('muted')).toBeGreaterThan(900);
    expect(ms('sound')).toBeGreaterThan(900);
    expect(at / rate).toBeGreaterThan(0.8 * seconds);
    expect(refused).toBe('ERR_AUDIO_SYSTEM');
    for (const state of ['running', 'suspended', 'searching', 'closed']) expect(states).toContain(state);
  });

  it('under a strict Content-Security-Policy the worklet is a file of the page, and without one the error says so', async () => {
    const parts = await bundle('microphone/index.ts', 'microphone');
    const files = {
      '/microphone.js': parts[0]!.code!,
      '/capture.js': CAPTURE_WORKLET,
      '/empty.html': '<!doctype html>',
    };
    const strict = await servePages(files, { 'content-security-policy': "default-src 'self'" });
    onTestFinished(() => strict.close());
    const page = await browser.chromium.open(`${strict.url}/empty.html`);
    const open = (options: object) => `(async () => {
      const { openMicrophone } = await import('/microphone.js');
      const microphone = await openMicrophone(${JSON.stringify(options)});
      const { value } = await microphone[Symbol.asyncIterator]().next();
      await microphone.close();
      return value.kind;
    })().catch(({ code, expected }) => ({ code, expected }))`;
    expect(await page.evaluate(open({ workletUrl: '/capture.js' }))).toBe('rows');
    expect(await page.evaluate(open({}))).toMatchObject({
      code: 'ERR_AUDIO_SYSTEM',
      expected: expect.stringContaining('script-src'),
    });
    const csp = { 'content-security-policy': "default-src 'self'; script-src 'self' blob:" };
    const allowing = await servePages(files, csp); // as docs/client.md says
    onTestFinished(() => allowing.close());
    expect(await (await browser.chromium.open(`${allowing.url}/empty.html`)).evaluate(open({}))).toBe('rows');
  });

  it('a page that is refused the microphone is told so with a code', async () => {
    const parts = await bundle('microphone/index.ts', 'microphone');
    const files = { '/microphone.js': parts[0]!.code!, '/empty.html': '<!doctype html>' };
    const refusing = await servePages(files, { 'permissions-policy': 'microphone=()' });
    onTestFinished(() => refusing.close());
    const page = await browser.chromium.open(`${refusing.url}/empty.html`);
    const error = await page.evaluate(`import('/microphone.js').then(({ openMicrophone }) => openMicrophone())
      .catch(({ code, message, expected }) => ({ code, message, expected }))`);
    expect(error).toMatchObject({ code: 'ERR_MICROPHONE_DENIED', expected: expect.stringContaining('permissions') });
  });
});
