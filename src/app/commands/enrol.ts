// millrace enrol: a word of one's own from a few recordings of it, without training and without Python.

import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readEnrolled } from '../../operator/match-words/index.ts';
import { HOPS, LAGS, makePrototype, type Recorded } from '../enrol/make-prototype.ts';
import { record } from '../enrol/record.ts';
import { backgroundOf, openTrunk } from '../enrol/trunk-rows.ts';
import { wholeSource } from '../evaluate/keyword-clips.ts';
import { openPackagedModel, readEnrolledFile } from '../open-pipeline.ts';
import { print } from '../print.ts';
import { openSource } from '../source/open-source.ts';
import { usage } from '../usage.ts';

interface EnrolFlags {
  readonly from: string;
  readonly out: string;
  readonly cell: string;
}

const RECORDINGS_MIN = 5;
const RECORDINGS_MAX = 100;
/** Of a cosine. Words that were nearer to other speech than this had a false alarm in every second sentence. */
const CLEARANCE = 0.08;

export function addEnrol(program: Command): void {
  program
    .command('enrol')
    .description('teach a word from recordings of it; then: millrace run words.json --in mic')
    .argument('<name>', 'what the word is called: results are keyword.<name>')
    .requiredOption(
      '--from <folder>',
      `${RECORDINGS_MIN} to 20 recordings of the word alone, by several voices if you can`,
    )
    .option('--out <file.json>', 'where to put it; a file that has other words keeps them', 'words.json')
    .option('--cell <cell>', 'ssm or attention', 'ssm')
    .action(enrol);
}

async function enrol(name: string, flags: EnrolFlags): Promise<void> {
  if (!/^[\w-]{1,40}$/.test(name)) throw usage(`a word cannot be called "${name}"`, 'letters, digits, - and _');
  if (flags.cell !== 'ssm' && flags.cell !== 'attention')
    throw usage(`there is no cell "${flags.cell}"`, 'ssm or attention');
  if (!flags.out.endsWith('.json')) throw usage(`--out cannot be ${flags.out}`, 'a .json file');
  const model = await openPackagedModel(`keyword-${flags.cell}`);
  const before = existsSync(flags.out) ? await wordsBefore(flags.out, model.id) : [];
  const trunk = await openTrunk(model);
  const recordings: Recorded[] = [];
  for (const file of await recordingsIn(flags.from)) {
    const source = await openSource(file);
    recordings.push(await record(await wholeSource(source), { rateHz: source.rateHz, width: source.width }, trunk));
  }
  const made = makePrototype(recordings, backgroundOf(model));
  const { threshold, among, other } = made;
  const direction = [...made.direction];
  const word = { name, direction, threshold, recordings: recordings.length, among, other };
  const words = [...before.filter((one) => one.name !== name), word];
  const shared = { hops: HOPS, lags: LAGS, width: direction.length / LAGS.length };
  const millrace = { task: 'enrolled-words', trunk: model.id, cell: flags.cell, ...shared, words };
  await writeFile(flags.out, `${JSON.stringify({ millrace })}\n`);
  const heard = among.filter((score) => score >= threshold).length;
  print(`${name}: threshold ${threshold.toFixed(2)}; other speech comes to ${other.toFixed(2)}`);
  print(
    `each against the others, ${heard} of ${among.length} recordings are heard (${among[0]!.toFixed(2)} to ${among.at(-1)!.toFixed(2)})`,
  );
  if (among[Math.floor(among.length / 10)]! - other < CLEARANCE) {
    print('other speech comes as near as the recordings do: expect false alarms; a longer or another word would help');
  } else if (heard < 0.8 * among.length) print('that is few: more recordings, a longer word or less noise would help');
  print(`millrace run ${flags.out} --in mic listens for: ${words.map((one) => one.name).join(', ')}`);
}

/** The words that a file has. @throws ERR_USAGE for words of another model: they cannot lie beside these */
async function wordsBefore(file: string, id: string): Promise<readonly { readonly name: string }[]> {
  const model = await readEnrolledFile(file);
  if (readEnrolled(model).trunk !== id)
    throw usage(`${file} has words of another model`, 'another --out, or its --cell');
  return (model.config.millrace as { words: { name: string }[] }).words;
}

async function recordingsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch(() => undefined);
  const files = (entries ?? []).filter((file) => /\.(wav|flac|mp3|ogg|opus|m4a)$/i.test(file)).sort();
  const few = files.length < RECORDINGS_MIN;
  if (few || files.length > RECORDINGS_MAX) {
    throw usage(`${folder} has ${files.length} recordings`, `${RECORDINGS_MIN} to ${RECORDINGS_MAX} files of audio`);
  }
  return files.map((file) => join(folder, file));
}
