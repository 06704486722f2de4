// docs/client.md against the client: every option of a microphone and of a resumable stream is explained, and the examples
// use what there is.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as client from '../../src/client/index.ts';
import * as microphone from '../../src/client/microphone/index.ts';
import { ROOT } from '../arch/imports.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const guide = read('docs/client.md');

describe('docs/client.md', () => {
  it('names every option of openMicrophone', () => {
    const [, body] = /interface MicrophoneOptions \{(.*?)\n\}/s.exec(read('src/client/microphone/options.ts'))!;
    const options = [...body!.matchAll(/readonly (\w+)\?/g)].map(([, name]) => name!);
    expect(options.length).toBeGreaterThan(10);
    const missing = options.filter((name) => !new RegExp(`\\b${name}\\b`).test(guide));
    expect(missing).toEqual([]);
  });

  it('names every reason that a microphone has for a gap', () => {
    const [, union] = /export type GapWhy = (.*);/.exec(read('src/client/microphone/capture-worklet.ts'))!;
    const listed = [...guide.matchAll(/^\| `(\w+)` \|/gm)].map(([, why]) => why);
    for (const [, why] of union!.matchAll(/'(\w+)'/g)) expect(listed).toContain(why);
  });

  it('imports what the doors have', () => {
    for (const [, names, door] of guide.matchAll(/import \{ (.*?) \} from '(.*?)'/g)) {
      const there = door === 'millrace/client' ? client : microphone;
      for (const name of names!.split(', ')) expect(Object.keys(there)).toContain(name);
    }
    expect(microphone.CAPTURE_WORKLET).toContain('registerProcessor');
  });
});
