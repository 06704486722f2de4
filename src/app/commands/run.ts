// millrace run: one stream from a file, the microphone, a pipe or the machine's own sensors through a pipeline; or many
// sensors from a broker, a port or a pipe, one stream each. Only the words are here: what does the work is loaded when it is asked for.

import type { Command } from 'commander';
import { ENGINE_HELP, ENGINE_NAMES } from '../open-engine.ts';
import type { RunFlags } from '../run/run-one.ts';
import { addFleetOptions, type FleetFlags, isFleet } from './fleet-flags.ts';
import { addSourceOptions } from './source-flags.ts';

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('run one stream through a pipeline')
    .argument('<pipeline>', 'a name from `millrace pipelines`, or a path to a pipeline module')
    .requiredOption('--in <source>', 'audio file (wav, flac, mp3, ogg), CSV file, mic, cpu, or - for stdin')
    .option('--out <where>', 'readings: -, results.jsonl or results.csv; audio: out.wav or speakers')
    .option('--json', "the protocol's result records, one a line, on stdout (like --out -)")
    .option('--cell <cell>', 'ssm or attention')
    .option('--engine <name>', ENGINE_HELP, ENGINE_NAMES[0])
    .option('--set <name=value>', 'an option of the pipeline; may be repeated', collect, [])
    .option('--rows <n>', 'stop before source row n, without ending the stream')
    .option('--picture <file.svg>', 'draw what happened')
    .option('--compare', 'run the attention twin on the same stream and compare (also: full cache)')
    .option('--save-state <file>', "write the stream's whole state when it stops, also by Ctrl-C")
    .option('--resume <file>', 'go on from such a state; rows before it are passed over, --out is added to')
    .option('--quiet', 'no progress line and no summary: results and complaints only');
  addFleetOptions(addSourceOptions(command)).action(run);
}

const collect = (value: string, before: string[]): string[] => [...before, value];

async function run(pipeline: string, flags: RunFlags & FleetFlags): Promise<void> {
  if (isFleet(flags)) {
    (await import('../fleet/small-heap.ts')).keepHeapSmall(); // before what it needs is loaded
    return (await import('../fleet/run-fleet.ts')).runFleet(pipeline, flags);
  }
  return (await import('../run/run-one.ts')).runOne(pipeline, flags);
}
