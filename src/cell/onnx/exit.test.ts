// A process that ends while a graph computes: the compiled package, in a process of its own, since its end is what counts.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { longModel } from '../../../test/helpers/onnx-graphs.ts';

const dist = new URL('../../../dist/src/', import.meta.url);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-onnx-'));
  const { config, onnx } = longModel();
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'model.onnx'), onnx!);
});
afterAll(() => rm(folder, { recursive: true }));

/** `then` runs beside a row that takes a tenth of a second. */
const child = (then: string) =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { onnxCell } from ${JSON.stringify(new URL('cell/onnx/index.js', dist).href)};
      import { makeState } from ${JSON.stringify(new URL('cell/state.js', dist).href)};
      import { openModel } from ${JSON.stringify(new URL('weights/open-model.js', dist).href)};
      const cell = await onnxCell(await openModel(${JSON.stringify(folder)}));
      const state = makeState(cell.layout);
      cell.init(state);
      const row = cell.run(state, new Float32Array(cell.dIn), new Float32Array(cell.dOut));
      ${then}`,
    ],
    { encoding: 'utf8' },
  );

it('waits for the answer and then ends by itself, though the thread still lives', () => {
  expect(child('await row; console.log("answered");')).toMatchObject({ status: 0, stdout: 'answered\n', stderr: '' });
});

it.each([0, 20, 60])('exits with its own code %i ms into a row, not by an abort of the native library', (ms) => {
  const { status, signal, stderr } = child(`setTimeout(() => process.exit(7), ${ms});`);
  expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' });
});
