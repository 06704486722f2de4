// The clients' process of a soak, on the compiled package: a number of places, in each of which streams join, send at the
// pace of real time, lose their connection, leave and come back with their token, end or stay away, one after the other
// until time is up. What is not as it should be is counted by name. In: one JSON argument. Out: a report to the parent.

import { join } from 'node:path';
import { WebSocket } from 'ws';
import { kindOf, makeKinds } from './soak-streams.mjs';

const { dist, url, recording, streams, seconds, lifeSeconds, seed } = JSON.parse(process.argv[2]);
const { connect } = await import(join(dist, 'src/client/index.js'));
const kinds = makeKinds(recording);
const FORMS = [{}, { protocol: 'pb' }, { frame: 'framed' }, { protocol: 'pb', frame: 'framed' }];
/** Of all that join. */
const SHARES = { resumable: 0.7, abandoned: 0.05, wrong: 0.03 };
/** Of a resumable stream's pieces: so many disturbances a life, on average. */
const DISTURBANCES = 2;
const AWAY_MS_MAX = 2000;
/** What is asked wrongly, and what has to be the answer. */
const WRONGS = [
  [{ pipeline: 'nothing' }, 'ERR_PIPELINE_UNKNOWN'],
  [{ pipeline: 'vad', options: { cell: 'none' } }, 'ERR_OPTION_INVALID'],
  [{ pipeline: 'vad', resume: { token: 'A'.repeat(40) } }, 'ERR_STATE_GONE'],
];

const report = { joined: 0, ended: 0, abandoned: 0, cuts: 0, returns: 0, rows: 0, results: 0, messages: 0 };
const byKind = {};
const errors = {};
const refusals = {};
/** By kind: how long after its last row was due a stream had its end. */
const lateMs = {};
const digests = new Map();
const began = performance.now();
const isOver = () => performance.now() - began > 1000 * seconds;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function count(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** mulberry32 */
function seeded(start) {
  let a = start >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One client's connection to a stream; `socket` is its latest. */
function open(kind, form, resume, hear) {
  const link = { socket: undefined, client: undefined };
  link.client = connect(url, {
    pipeline: kind.name,
    format: kind.format,
    ...(kind.options && { options: kind.options }),
    ...form,
    ...(resume && { resume }),
    socket(at, protocols) {
      link.socket = new WebSocket(at, [...protocols]);
      return link.socket;
    },
    onResult: (message) => hear(message),
    onGap: () => count(errors, `${kind.name}: a gap that nobody declared`),
  });
  return link;
}

async function wrong(random) {
  const [asked, code] = WRONGS[Math.floor(random() * WRONGS.length)];
  const client = connect(url, { format: kinds.vad.format, ...asked });
  const said = await client.ended.then(
    () => 'nothing',
    (error) => error.code,
  );
  count(said === code ? refusals : errors, said === code ? said : `asked wrongly: ${said} for ${code}`);
}

async function stream(kind, random) {
  report.joined++;
  count(byKind, kind.name);
  const form = FORMS[Math.floor(random() * FORMS.length)];
  const isResumable = random() < SHARES.resumable;
  const pieces = Math.ceil((lifeSeconds * (0.5 + 0.25 * Math.floor(random() * 5)) * kind.rateHz) / kind.pieceRows);
  const stop = random() < SHARES.abandoned ? Math.floor(random() * pieces) : pieces;
  let seq = 0;
  let to = 0;
  const hear = (message) => {
    if (message.seq !== seq) count(errors, `${kind.name}: result ${message.seq} where ${seq} was due`.slice(0, 60));
    if (kind.contiguous && message.from !== to) count(errors, `${kind.name}: results that do not touch`);
    seq = message.seq + 1;
    to = message.to;
    report.results++;
  };
  let link = open(kind, form, isResumable && true, hear);
  const startedMs = performance.now();
  await link.client.ready;
  let piece = 0;
  for (; piece < stop && !isOver(); piece++) {
    const dueMs = startedMs + (1000 * (piece + 1) * kind.pieceRows) / kind.rateHz;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    await link.client.send(kind.piece(piece * kind.pieceRows, (piece + 1) * kind.pieceRows));
    report.messages++;
    report.rows += kind.pieceRows;
    if (!isResumable || random() > DISTURBANCES / pieces) continue;
    if (random() < 0.5) {
      report.cuts++;
      link.socket.terminate();
    } else {
      report.returns++;
      const resume = { token: link.client.token, seq };
      link.client.abort();
      await sleep(random() * AWAY_MS_MAX);
      link = open(kind, form, resume, hear);
      const { offset } = await link.client.ready;
      // What the server has no state of is sent again, from the middle of a piece if need be.
      const until = (piece + 1) * kind.pieceRows;
      if (offset < until) await link.client.send(kind.piece(offset, until));
    }
  }
  if (piece === stop && stop < pieces) {
    report.abandoned++;
    return link.client.abort();
  }
  const end = await link.client.end();
  lateMs[kind.name] ??= [];
  lateMs[kind.name].push(performance.now() - startedMs - (1000 * piece * kind.pieceRows) / kind.rateHz);
  report.ended++;
  if (end.offset !== piece * kind.pieceRows) count(errors, `${kind.name}: another number of rows at the end`);
  if (end.results !== seq || end.gaps !== 0)
    count(errors, `${kind.name}: another number of results or gaps at the end`);
  const key = `${kind.name} ${end.offset}`;
  if (!digests.has(key)) digests.set(key, end.digest);
  else if (digests.get(key) !== end.digest) count(errors, `${kind.name}: another digest for the same rows`);
}

async function place(index) {
  const random = seeded(seed * 100_003 + index);
  // All begin within the first life, or the tenth part of a short soak.
  await sleep(random() * Math.min(500 * lifeSeconds, 100 * seconds));
  while (!isOver()) {
    if (random() < SHARES.wrong) await wrong(random).catch((error) => count(errors, error.code ?? error.message));
    const kind = kindOf(index, kinds);
    await stream(kind, random).catch((error) => count(errors, `${kind.name}: ${error.code ?? ''} ${error.message}`));
    await sleep(random() * 500);
  }
}

process.on('disconnect', () => process.exit()); // the parent is gone, or has the report
await Promise.all(Array.from({ length: streams }, (_, index) => place(index)));
function spread(values) {
  values.sort((a, b) => a - b);
  const at = (share) => Math.round(values[Math.min(values.length - 1, Math.floor(share * values.length))]);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
const cpu = process.cpuUsage();
process.send(
  {
    ...report,
    byKind,
    errors,
    refusals,
    digests: digests.size,
    lateMs: Object.fromEntries(Object.entries(lateMs).map(([name, values]) => [name, spread(values)])),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    over: true,
  },
  () => process.disconnect(),
);
