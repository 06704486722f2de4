// Another process, running the compiled package: takes states and rows on stdin, goes on, prints what came out.
// In and out: one JSON list of { kind, seed, state, rows } -> { y, state }, bytes as base64.

import { text } from 'node:stream/consumers';

const dist = new URL('../../dist/src/', import.meta.url);
const { makeState } = await import(new URL('cell/state.js', dist));
const answers = [];
for (const { kind, seed, state: saved, rows } of JSON.parse(await text(process.stdin))) {
  const { sampleCell } = await import(new URL(`cell/${kind}/index.js`, dist));
  const cell = sampleCell(seed);
  const state = makeState(cell.layout);
  state.bytes.set(Buffer.from(saved, 'base64'));
  const x = new Float32Array(new Uint8Array(Buffer.from(rows, 'base64')).buffer);
  const y = new Float32Array((x.length / cell.dIn) * cell.dOut);
  for (let row = 0; row * cell.dIn < x.length; row++) {
    cell.step(
      state,
      x.subarray(row * cell.dIn, (row + 1) * cell.dIn),
      y.subarray(row * cell.dOut, (row + 1) * cell.dOut),
    );
  }
  answers.push({
    kind,
    y: Buffer.from(y.buffer).toString('base64'),
    state: Buffer.from(state.bytes).toString('base64'),
  });
}
process.stdout.write(JSON.stringify(answers));
