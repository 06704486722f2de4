// A run's figures on disk, under its name (a section's, or `all`): <name>.ndjson, first line the machine, then a record a
// line; <name>.md, tables with the machine on top; and an SVG for every unit of every section, <section>-<unit>.svg.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchRecord } from '../record.ts';
import { BARS_MAX, drawBars } from './draw-bars.ts';
import { type Machine, machineLine } from './machine.ts';
import { type SectionReport, sectionMarkdown } from './table.ts';

export interface BenchReport {
  readonly name: string;
  readonly machine: Machine;
  readonly sections: readonly SectionReport[];
}

/** Writes the files, over those of an earlier run of the same name. Returns their paths, the Markdown first. */
export async function saveReport({ name, machine, sections }: BenchReport, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  const save = async (file: string, text: string): Promise<void> => {
    await writeFile(join(folder, file), text);
    written.push(join(folder, file));
  };
  const parts: string[] = [];
  for (const section of sections) {
    const pictures: string[] = [];
    for (const { file, ...picture } of picturesOf(section, machine)) {
      await save(file, await drawBars(picture));
      pictures.push(file);
    }
    parts.push(sectionMarkdown(section, pictures));
  }
  const records = sections.flatMap((section) => section.records);
  await save(`${name}.ndjson`, [{ machine }, ...records].map((line) => `${JSON.stringify(line)}\n`).join(''));
  const what = name === 'all' ? 'every section' : name;
  await save(`${name}.md`, `# Benchmark: ${what}\n\n${machineLine(machine)}\n\n${parts.join('\n')}`);
  return written.reverse();
}

interface PictureFile {
  readonly file: string;
  readonly title: string;
  readonly subtitle: string;
  readonly records: readonly BenchRecord[];
}

/** One picture a unit, or several when there are more records than fit. What is 0 or unknown has no bar. */
function picturesOf({ name, records }: SectionReport, machine: Machine): PictureFile[] {
  const drawn = records.filter(({ value }) => value > 0 && Number.isFinite(value));
  return [...new Set(drawn.map(({ unit }) => unit))].flatMap((unit) => {
    const ofUnit = drawn.filter((record) => record.unit === unit);
    const pages = Math.ceil(ofUnit.length / BARS_MAX);
    return Array.from({ length: pages }, (_, page) => ({
      file: `${[name, fileWord(unit), ...(page > 0 ? [page + 1] : [])].join('-')}.svg`,
      title: `${name}, ${unit}${pages > 1 ? ` (${page + 1} of ${pages})` : ''}`,
      subtitle: machineLine(machine),
      records: ofUnit.slice(page * BARS_MAX, (page + 1) * BARS_MAX),
    }));
  });
}

/** 'bytes/stream' -> 'bytes-stream', '% of a core' -> 'percent-of-a-core'. */
const fileWord = (unit: string): string =>
  unit
    .toLowerCase()
    .replaceAll('%', 'percent')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
