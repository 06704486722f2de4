// millrace bench: figures of this machine, as ratios where there is something to hold them against, printed and stored.

import { type Command, Option } from 'commander';
import { benchAudio } from '../bench/audio.ts';
import { benchEdge } from '../bench/edge.ts';
import { benchForecast } from '../bench/forecast.ts';
import { benchKernels } from '../bench/kernels.ts';
import { benchMemory } from '../bench/memory.ts';
import { benchMillion } from '../bench/million.ts';
import { benchNab } from '../bench/nab.ts';
import { benchOnnx } from '../bench/onnx.ts';
import { benchPeers } from '../bench/peers.ts';
import { benchPrefill } from '../bench/prefill.ts';
import type { BenchOptions, BenchRecord, Report, Section } from '../bench/record.ts';
import { describeMachine, machineLine } from '../bench/report/machine.ts';
import { saveReport } from '../bench/report/save-report.ts';
import { type SectionReport, sectionText } from '../bench/report/table.ts';
import { benchServer } from '../bench/server.ts';
import { benchSoak } from '../bench/soak.ts';
import { benchSteps } from '../bench/steps.ts';
import { benchStreams } from '../bench/streams.ts';
import { print, printAside } from '../print.ts';
import { usage } from '../usage.ts';

const SECTIONS: Readonly<Record<string, Section>> = {
  kernels: benchKernels,
  steps: benchSteps,
  prefill: benchPrefill,
  peers: benchPeers,
  onnx: benchOnnx,
  server: benchServer,
  streams: benchStreams,
  memory: benchMemory,
};
/** Run by name only: what `soak` looks for shows after many minutes, `audio` needs recordings, `nab` and `forecast` series. */
const BY_NAME: Readonly<Record<string, Section>> = {
  soak: benchSoak,
  audio: benchAudio,
  edge: benchEdge,
  nab: benchNab,
  forecast: benchForecast,
  million: benchMillion,
};

const OUT = 'out/bench';

interface Flags extends BenchOptions {
  readonly json?: boolean;
  readonly out?: string;
}

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measure on this machine, candidates in turns; prints tables and stores JSON, Markdown and SVG')
    .argument('[section]', `one of ${names().join(', ')}; without: all but ${Object.keys(BY_NAME).join(', ')}`)
    .option('--json', 'a record a line {section, name, value, unit, baseline, ratio, spread, ...} and nothing else')
    .option('--out <folder>', `where the files go, of nab also every series (default ${OUT}; with --json: nowhere)`)
    .option(
      '--peers <folder>',
      "other projects' ONNX files: gtcrn_simple, ulunas_stream_simple, dtln_1, dtln_2, dnsmos_sig_bak_ovr",
    )
    .option(
      '--data <folder>',
      'for audio: noisy/ and clean/, or vad.jsonl and vad/; for nab: data/ and labels/; for forecast: a CSV or .csv.gz',
    )
    .option('--repetitions <n>', 'how often the candidates take turns', positive)
    .option('--round-ms <ms>', 'how long a candidate runs in its turn', positive)
    .addOption(new Option('--clock <clock>', 'CPU time of all threads, or time that passed').choices(['cpu', 'wall']))
    .option('--seconds <s>', 'of one load level; the longest that one prefill may take', positive)
    .option('--rows <list>', 'lengths of a prefill, such as 1024,4096', increasing)
    .option('--minutes <m>', 'of the soak', positive)
    .option('--split <months>', 'of forecast: training, validation and test, such as 12,4,4', months)
    .option('--horizons <list>', 'of forecast: rows ahead, such as 24,96', increasing)
    .addOption(new Option('--part <part>', 'of forecast: months that are scored').choices(['test', 'validation']))
    .action(bench);
}

async function bench(asked: string | undefined, { json = false, out, ...options }: Flags): Promise<void> {
  const chosen = sectionsFor(asked);
  const machine = await describeMachine();
  if (!json) print(`${machineLine(machine)}\n`);
  const sections: SectionReport[] = [];
  const folder = out ?? (json ? undefined : OUT);
  try {
    for (const [name, run] of chosen) {
      const section = { name, records: [], notes: [] };
      sections.push(section);
      await measure(section, run, { ...options, ...(out !== undefined && { out }) }, json);
    }
  } finally {
    // Also when a section failed: what was measured until then is not lost.
    if (folder && sections.some(({ records }) => records.length > 0)) {
      const files = await saveReport({ name: asked ?? 'all', machine, sections }, folder);
      if (!json) print(`${files[0]}, and ${files.length - 1} files beside it`);
    }
  }
}

interface Growing extends SectionReport {
  readonly records: BenchRecord[];
  readonly notes: string[];
}

async function measure(section: Growing, run: Section, options: BenchOptions, json: boolean): Promise<void> {
  if (process.stderr.isTTY) printAside(`measuring ${section.name} ...`);
  const report: Report = (record) => {
    section.records.push(record);
    if (json) print(JSON.stringify(record));
  };
  const note = (text: string): void => {
    section.notes.push(text);
    if (json) printAside(`${section.name}: ${text}`);
  };
  await run(report, { options, note });
  if (!json) print(sectionText(section));
}

const names = (): string[] => [...Object.keys(SECTIONS), ...Object.keys(BY_NAME)];

/** @throws ERR_USAGE naming the sections */
function sectionsFor(asked: string | undefined): [string, Section][] {
  if (asked === undefined) return Object.entries(SECTIONS);
  const run = Object.hasOwn(SECTIONS, asked) ? SECTIONS[asked] : Object.hasOwn(BY_NAME, asked) && BY_NAME[asked];
  if (run) return [[asked, run]];
  throw usage(`there is no section "${asked}"`, `one of: ${names().join(', ')}`);
}

/** '12,4,4' */
function months(text: string): number[] {
  const found = text.split(',').map(Number);
  if (found.length === 3 && found.every((count, i) => Number.isInteger(count) && count >= (i === 1 ? 0 : 1)))
    return found;
  throw usage(`--split cannot be ${text}`, 'months of training, validation and test, such as 12,4,4');
}

/** '1024,4096' */
function increasing(text: string): number[] {
  const rows = text.split(',').map(Number);
  if (rows.every((count, i) => Number.isInteger(count) && count > (rows[i - 1] ?? 0))) return rows;
  throw usage(`"${text}" is not a list of lengths`, 'whole numbers above 0, increasing, with commas between');
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && value < Infinity) return value;
  throw usage(`"${text}" is not a number above 0`, 'a number above 0');
}
