// Law 5 across processes: a state that left this process as bytes goes on in another one, which runs the compiled package,
// and gives the same bytes as if it had never left. For every synchronous cell kind there is.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Cell } from '../../src/cell/cell.ts';
import { makeState } from '../../src/cell/state.ts';
import { noise, seeded } from '../helpers/items.ts';

const cells = Object.entries(import.meta.glob('../../src/cell/*/index.ts', { eager: true })).flatMap(([path, door]) => {
  const { sampleCell } = door as { sampleCell?: (seed: number) => Cell };
  return sampleCell ? [{ kind: path.split('/').at(-2)!, sampleCell }] : [];
});
const ROWS = 200;
const SEED = 3;
const base64 = (bytes: Uint8Array | Float32Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

it('every cell goes on in another process with the same bytes out', () => {
  expect(cells.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['attention', 'hippo', 'mamba2', 's4d', 'stack']),
  );
  const questions = [];
  const wanted = [];
  for (const { kind, sampleCell } of cells) {
    const cell = sampleCell(SEED);
    const state = makeState(cell.layout);
    cell.init(state);
    const x = noise(2 * ROWS * cell.dIn, seeded(11));
    const y = new Float32Array(2 * ROWS * cell.dOut);
    const run = (from: number, to: number) => {
      for (let row = from; row < to; row++) {
        cell.step(
          state,
          x.subarray(row * cell.dIn, (row + 1) * cell.dIn),
          y.subarray(row * cell.dOut, (row + 1) * cell.dOut),
        );
      }
    };
    run(0, ROWS);
    questions.push({ kind, seed: SEED, state: base64(state.bytes), rows: base64(x.subarray(ROWS * cell.dIn)) });
    run(ROWS, 2 * ROWS);
    wanted.push({ kind, y: base64(y.subarray(ROWS * cell.dOut)), state: base64(state.bytes) });
  }
  const child = fileURLToPath(new URL('./resume-child.mjs', import.meta.url));
  const answers: unknown = JSON.parse(
    execFileSync(process.execPath, [child], { input: JSON.stringify(questions), encoding: 'utf8' }),
  );
  expect(answers).toEqual(wanted);
});
