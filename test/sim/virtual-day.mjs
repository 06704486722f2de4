// A day of audio and an hour in virtual time, as fast as the processor goes: `node test/sim/virtual-day.mjs --pipeline vad`
// (after a build). 25 hours of 48 kHz are 4.32e9 rows: their numbers pass 2^31 and 2^32. Every result is held to where it
// must lie, the state to its size and to finite numbers once a minute; before both powers and before the end a snapshot goes
// on in another process, which must come to the same digest. Exits 1 when anything is otherwise.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { values: asked } = parseArgs({
  options: {
    hours: { type: 'string', default: '25' },
    pipeline: { type: 'string', default: 'vad' },
    set: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    resume: { type: 'string' },
    until: { type: 'string' },
    ends: { type: 'boolean', default: false },
  },
});
const { createOpenPipeline, decodeSnapshot, encodeSnapshot, micros, Session, streamId } = await import(
  join(process.env.MILLRACE_DIST ?? join(ROOT, 'dist'), 'src/index.js')
);

const RATE_HZ = 48_000;
const ROWS = Math.round(Number(asked.hours) * 3600) * RATE_HZ;
/** Of vad, on the source's grid. */
const HOP_ROWS = 480;
/** The resampler holds a millisecond back: readings end that much before a whole hop, the last with the stream. */
const LEAD_ROWS = 48;
const HEADER_BYTES = 44;
/** The recording is played round and round, each time as loud as its turn says; 0 is twelve seconds of silence. */
const GAINS = [1, 1, 0.5, 0.1, 1, 1e-3, 0, 1];
/** And one whole hour of nothing but zeros: states decay as far as they ever will. */
const SILENT_HOUR = 3;
const CHUNK_ROWS_MAX = 48_000;
const BESIDE_ROWS = 10 * RATE_HZ;

const recording = makeRecording();
const loaded = await createOpenPipeline()(
  asked.pipeline,
  Object.fromEntries(asked.set.map((option) => option.split('='))),
);

/** The bundled recording with two rows drawn in between each: 48 kHz. */
function makeRecording() {
  const bytes = new Uint8Array(readFileSync(join(ROOT, 'assets/speech-in-noise.wav'))).slice(HEADER_BYTES);
  const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
  return Float32Array.from({ length: 3 * samples.length }, (_, i) => {
    const [left, right] = [samples[Math.floor(i / 3)], samples[(Math.floor(i / 3) + 1) % samples.length]];
    return (left + ((right - left) * (i % 3)) / 3) / 32_768;
  });
}

function rowsOf(from, to) {
  const rows = new Float32Array(to - from);
  for (let at = from; at < to; ) {
    const turn = Math.floor(at / recording.length);
    const until = Math.min(to, (turn + 1) * recording.length);
    const gain = Math.floor(at / (3600 * RATE_HZ)) === SILENT_HOUR ? 0 : GAINS[turn % GAINS.length];
    const start = at - turn * recording.length;
    for (let i = 0; i < until - at; i++) rows[at - from + i] = gain * recording[start + i];
    at = until;
  }
  return rows;
}

function fail(what) {
  console.error(JSON.stringify({ failed: what }));
  process.exit(1);
}

/** Counts results, and holds each to the place and the number that it must have. */
function makeCheck(first) {
  let { seq, to } = first;
  return {
    result({ seq: number, item }) {
      const wrong =
        item.kind === 'gap' || number !== seq || item.from !== to || item.pts !== (item.from * 1e6) / RATE_HZ;
      if (wrong || !(item.kind === 'chunk' ? isAudio(item) : isReading(item, number))) {
        fail({
          seq,
          to,
          number,
          from: item.from,
          itemTo: item.to,
          pts: item.pts,
          kind: item.kind,
          values: item.values,
        });
      }
      seq++;
      to = item.to;
    },
    at: () => ({ seq, to }),
  };
}

const hopEnd = (number) => Math.min(HOP_ROWS * number - LEAD_ROWS, ROWS);
const isReading = ({ from, to, values }, number) =>
  from === Math.max(0, hopEnd(number)) && to === hopEnd(number + 1) && values.speech >= 0 && values.speech <= 1;
const isAudio = ({ from, to, rows, data }) => to - from === rows && data.length === rows && data.every(Number.isFinite);

/** The same pipeline, whose states can be looked at: values that are not finite, by name. `begin` is NaN before a reset. */
function watched() {
  const states = [];
  const watch = (context) =>
    new Proxy(context, {
      get(target, name) {
        if (name !== 'state') return typeof target[name] === 'function' ? target[name].bind(target) : target[name];
        return (slot, layout, init) => {
          const state = target.state(slot, layout, init);
          states.push({ slot, at: state.at });
          return state;
        };
      },
    });
  return {
    loaded: {
      ...loaded,
      connect: (source) => loaded.connect(source).map((stage) => (context) => stage(watch(context))),
    },
    strange: () =>
      states.flatMap(({ slot, at }) =>
        Object.entries(at)
          .filter(([name, view]) => name !== 'begin' && !view.every(Number.isFinite))
          .map(([name]) => `${slot}.${name}`),
      ),
  };
}

function openSession(pipeline, check, snapshot) {
  let now = micros(0);
  const session = new Session({
    id: streamId('day'),
    loaded: pipeline,
    clock: { now: () => now },
    source: { rateHz: RATE_HZ, width: 1 },
    onOutput: check.result,
    onError: (error) => fail(String(error)),
    ...(snapshot && { snapshot }),
  });
  return {
    session,
    rows(data) {
      session.rows(data);
      now = micros((session.next * 1e6) / RATE_HZ);
    },
  };
}

/** In pieces of any size, as the seed says. */
async function feed({ session, rows }, until, random) {
  while (session.next < until) {
    const to = Math.min(until, session.next + 1 + Math.floor(random() * CHUNK_ROWS_MAX));
    rows(rowsOf(session.next, to));
    await session.idle();
  }
}

function seeded(start) {
  let a = start >>> 0;
  return () => {
    a = (Math.imul(a, 1664525) + 1013904223) >>> 0;
    return a / 4294967296;
  };
}

async function goOn() {
  const { first, bytes } = JSON.parse(readFileSync(asked.resume, 'utf8'));
  const check = makeCheck(first);
  const stream = openSession(loaded, check, decodeSnapshot(Buffer.from(bytes, 'base64')));
  await feed(stream, Number(asked.until), seeded(Number(asked.seed) + 1));
  const { session } = stream;
  if (asked.ends) session.mark('end');
  await session.idle();
  console.log(JSON.stringify({ ...check.at(), ...session.summary() }));
}

async function day() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-day-'));
  const check = makeCheck({ seq: 0, to: 0 });
  const { loaded: pipeline, strange } = watched();
  const stream = openSession(pipeline, check);
  const { session } = stream;
  const random = seeded(Number(asked.seed));
  const began = performance.now();
  const bytesWanted = session.stateBytes;
  const places = [2 ** 31, 2 ** 32].filter((row) => row + BESIDE_ROWS < ROWS);
  const stops = places.map((row) => ({ from: row - BESIDE_ROWS, to: row + BESIDE_ROWS }));
  stops.push({ from: ROWS - 60 * RATE_HZ, to: ROWS });
  const minutes = Array.from({ length: ROWS / (60 * RATE_HZ) }, (_, i) => (i + 1) * 60 * RATE_HZ);
  const halts = [...new Set([...minutes, ...stops.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  for (const row of halts) {
    await feed(stream, row, random);
    const leaving = stops.findIndex(({ from }) => from === row);
    if (leaving >= 0) save(folder, leaving);
    const arriving = stops.find(({ to }) => to === row);
    if (arriving && row === ROWS) session.mark('end');
    await session.idle();
    const wrong = row < ROWS ? strange() : [];
    if (wrong.length > 0 || session.stateBytes !== bytesWanted) fail({ row, wrong, stateBytes: session.stateBytes });
    if (arriving) compare(folder, arriving);
    if (row % (3600 * RATE_HZ) === 0) tell(row);
  }
  const { offset, results, gaps, digest } = session.summary();
  const isDense = results === check.at().seq && check.at().to === ROWS && offset === ROWS && gaps === 0;
  if (!isDense || (asked.pipeline === 'vad' && results !== ROWS / HOP_ROWS + 1)) fail({ offset, results, gaps });
  tell(ROWS);
  console.log(JSON.stringify({ over: true, pipeline: asked.pipeline, offset, results, gaps, digest }));
  rmSync(folder, { recursive: true });

  function save(place, index) {
    const bytes = Buffer.from(encodeSnapshot(session.snapshot()));
    writeFileSync(join(place, `${index}`), JSON.stringify({ first: check.at(), bytes: bytes.toString('base64') }));
  }
  function compare(place, stop) {
    const set = asked.set.flatMap((option) => ['--set', option]);
    const args = [
      '--hours',
      asked.hours,
      '--pipeline',
      asked.pipeline,
      ...set,
      '--resume',
      join(place, `${stops.indexOf(stop)}`),
    ];
    const more = ['--until', `${stop.to}`, ...(stop.to === ROWS ? ['--ends'] : [])];
    const said = execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...args, ...more], {
      encoding: 'utf8',
    });
    const wanted = JSON.stringify({ ...check.at(), ...session.summary() });
    if (said.trim() !== wanted) fail({ stop, said, wanted });
    console.log(JSON.stringify({ resumedElsewhere: stop, ...session.summary() }));
  }
  function tell(row) {
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    console.log(
      JSON.stringify({
        hours: row / 3600 / RATE_HZ,
        row,
        ...check.at(),
        stateBytes: session.stateBytes,
        cpuSeconds: Math.round(cpuSeconds),
        timesRealTime: Math.round(row / RATE_HZ / cpuSeconds),
        elapsedSeconds: Math.round((performance.now() - began) / 1000),
        rssMb: Math.round(process.memoryUsage.rss() / 1e6),
      }),
    );
  }
}

await (asked.resume === undefined ? day() : goOn());
