// The client's process of a chaos run, on the compiled package: it may be killed at any time, and goes on from what it has
// in its folder: `token`, and one line a result in `results`. It confirms only what lies there. In: one JSON argument.

import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const { dist, url, folder, steps, rows, paceMs, protocol, frame } = JSON.parse(process.argv[2]);
const { connect } = await import(join(dist, 'src/client/index.js'));
const samples = new Int16Array(new Uint8Array(readFileSync(rows)).buffer);
const place = (name) => join(folder, name);

/** Atomic: a file is the old one or the new one, whenever the process dies. */
function write(name, text) {
  writeFileSync(place(`${name}.new`), text);
  renameSync(place(`${name}.new`), place(name));
}

const token = existsSync(place('token')) ? readFileSync(place('token'), 'utf8') : undefined;
let seq = 0;
if (token === undefined) rmSync(place('results'), { force: true });
else if (existsSync(place('results'))) {
  const text = readFileSync(place('results'), 'utf8');
  const whole = text.lastIndexOf('\n') + 1; // a line that was being written when the process died is none
  truncateSync(place('results'), Buffer.byteLength(text.slice(0, whole)));
  seq = text.slice(0, whole).split('\n').length - 1;
}

const client = connect(url, {
  pipeline: 'vad',
  format: { encoding: 'pcm_s16le', rate: 16_000, channels: 1 },
  resume: token === undefined ? true : { token, seq },
  confirm: 'manual',
  protocol,
  frame,
  ackMs: 20,
  stallMs: 600,
  retryMs: 60_000,
  bufferBytesMax: 100_000,
  onReady: ({ resume }) => write('token', resume.token),
  onResult({ seq: number, op, from, to, data }) {
    appendFileSync(place('results'), `${JSON.stringify([number, op, from, to, data])}\n`);
    seq = number + 1;
    if (seq % 16 === 0) client.confirm(seq);
  },
});
client.ended.then(
  (end) => write('end', JSON.stringify(end)),
  (error) => write('failed', JSON.stringify({ code: error.code, message: error.message })),
);

const { offset, resume } = await client.ready;
const done = steps.findIndex(({ id }) => id !== undefined && id === resume.after);
const left = steps.filter((step, at) =>
  step.kind === 'rows' || step.kind === 'gap' ? step.to > offset : step.from >= offset && at > done,
);
for (const { kind, from, to, id } of left) {
  const begin = Math.max(from, offset);
  if (kind === 'rows') await client.send(samples.subarray(begin, to));
  else if (kind === 'gap') await client.gap(to - begin);
  else client[kind](id).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, paceMs));
}
await client.end().catch(() => undefined);
