// millrace bench: figures of this machine, as ratios where there is something to hold them against.

import type { Command } from 'commander';
import { benchMemory } from '../bench/memory.ts';
import type { BenchRecord, Section } from '../bench/record.ts';
import { benchServer } from '../bench/server.ts';
import { benchSteps } from '../bench/steps.ts';
import { benchStreams } from '../bench/streams.ts';
import { print, table } from '../print.ts';
import { usage } from '../usage.ts';

const SECTIONS: Readonly<Record<string, Section>> = {
  steps: benchSteps,
  server: benchServer,
  streams: benchStreams,
  memory: benchMemory,
};

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measure on this machine')
    .argument('[section]', `one of ${Object.keys(SECTIONS).join(', ')}; all without`)
    .option('--json', 'a record a line: {section, name, value, unit, baseline, ratio}')
    .action(async (section: string | undefined, { json }: { json?: boolean }) => {
      const chosen = section === undefined ? Object.entries(SECTIONS) : [[section, SECTIONS[section]] as const];
      for (const [name, run] of chosen) {
        if (!run) throw usage(`there is no section "${name}"`, Object.keys(SECTIONS).join(', '));
        const records: BenchRecord[] = [];
        await run((record) => {
          records.push(record);
          if (json) print(JSON.stringify(record));
        });
        if (!json) print(`${name}\n${tableOf(records)}\n`);
      }
    });
}

function tableOf(records: readonly BenchRecord[]): string {
  const rows = records.map(({ name, value, unit, baseline, ratio }) => [
    name,
    value.toFixed(value < 100 ? 1 : 0),
    unit,
    ratio === undefined ? '' : `${ratio.toFixed(2)} x ${baseline}`,
  ]);
  return table([['what', 'value', 'unit', 'beside'], ...rows]);
}
