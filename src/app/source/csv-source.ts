// A CSV file (plain or gzipped) or a pipe of CSV lines as a source: columns chosen, times found, rows read by the same
// decoder as on the wire, a piece at a time.

import type { Readable } from 'node:stream';
import { EngineError, engineError } from '../../base/errors.ts';
import { decodeCsv, readCsvHeader } from '../../wire/csv.ts';
import type { RowFault } from '../../wire/row-builder.ts';
import { type ColumnChoice, type Columns, chooseColumns, projectLines, splitLines } from './csv-columns.ts';
import { csvLines } from './csv-lines.ts';
import type { Source, SourceBlock } from './source.ts';

export interface CsvOptions extends ColumnChoice {
  /** Rows a second; absent: from the times of the first rows, 0 if there are none. */
  readonly rateHz?: number;
}

/**
 * @param name what to call the input in an error   @param reopen a fresh stream of the same bytes; a pipe gives its only one
 * @throws ERR_FILE_NOT_CSV, ERR_USAGE for a column that does not exist
 */
export async function openCsv(
  name: string,
  live: boolean,
  reopen: () => Readable,
  options: CsvOptions,
): Promise<Source> {
  const opened = new Set<Readable>();
  const open = () => {
    const input = reopen();
    opened.add(input);
    input.once('close', () => opened.delete(input));
    return csvLines(input, name)[Symbol.asyncIterator]();
  };
  const begun = open();
  const first = await begun.next();
  if (first.done) throw engineError('ERR_FILE_NOT_CSV', `nothing in ${name}`, { expected: 'a header line and rows' });
  const columns = asCsvError(name, () => columnsOf(first.value, options));
  const rateHz = options.rateHz ?? rateOf(asCsvError(name, () => decodePiece(first.value, columns)).times);
  if (!live) await begun.return?.();

  async function* blocks(): AsyncIterable<SourceBlock> {
    const lines = live ? begun : open();
    try {
      for (let piece = live ? first : await lines.next(); !piece.done; piece = await lines.next()) {
        const block = asCsvError(name, () => decodePiece(piece.value, columns));
        if (block.rows.length > 0) yield block;
      }
    } finally {
      await lines.return?.();
    }
  }
  return {
    kind: 'sensor',
    live,
    rateHz,
    width: columns.names.length,
    names: columns.names,
    blocks,
    async close() {
      for (const input of opened) input.destroy();
    },
  };
}

const SAMPLE_ROWS = 200;

function columnsOf(text: string, options: CsvOptions): Columns {
  const sample = splitLines(text.slice(0, 64 * 1024)).slice(0, SAMPLE_ROWS + 1);
  const header = readCsvHeader(text.replace(/^\s+/, ''));
  if ((sample[0]?.length ?? 0) === 1 && /[;\t]/.test(sample[0]![0]!)) {
    throw engineError('ERR_FILE_NOT_CSV', 'fields separated by semicolons or tabs', {
      expected: 'fields separated by commas',
    });
  }
  const names = header ?? (sample[0] ?? []).map((_, column) => `column${column + 1}`);
  const rows = (header === undefined ? sample : sample.slice(1)).filter((row) => row.length === names.length);
  return chooseColumns(names, rows, options);
}

function decodePiece(text: string, columns: Columns): SourceBlock {
  const { fields, names, time, timeUnit } = columns;
  const decoded = decodeCsv(projectLines(text, columns), {
    fields,
    ...(time === undefined ? {} : { time }),
    ...(timeUnit === undefined ? {} : { time_unit: timeUnit }),
  });
  const { count, faults } = decoded;
  const at = placesOf(count, faults);
  const rows = spread(decoded.rows, new Float32Array(count * names.length), at, names.length);
  if (decoded.times === undefined) return { rows, faults };
  return { rows, faults, times: spread(decoded.times, new Float64Array(count), at, 1) };
}

/** Where each good row stands among all `count` rows. */
function placesOf(count: number, faults: readonly RowFault[]): Uint32Array {
  const faulty = new Set(faults.map(({ row }) => row));
  return Uint32Array.from({ length: count }, (_, row) => row).filter((row) => !faulty.has(row));
}

/** Good rows put into their places in `into`; NaN in the others. */
function spread<T extends Float32Array | Float64Array>(good: T, into: T, places: Uint32Array, width: number): T {
  if (good.length === into.length) return good;
  into.fill(Number.NaN);
  for (let i = 0; i < places.length; i++) into.set(good.subarray(i * width, (i + 1) * width), places[i]! * width);
  return into;
}

/** Rows a second by the median distance of the first rows in time. */
function rateOf(times: Float64Array | undefined): number {
  if (times === undefined) return 0;
  const steps = times.subarray(0, SAMPLE_ROWS).map((t, i) => (i === 0 ? Number.NaN : t - times[i - 1]!));
  const ahead = steps.filter((step) => step > 0).sort();
  return ahead.length === 0 ? 0 : 1e6 / ahead[ahead.length >> 1]!;
}

/** Errors of reading text, told as errors of the file. */
function asCsvError<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'ERR_USAGE') throw thrown;
    const expected = thrown.expected ?? 'a CSV file';
    throw engineError('ERR_FILE_NOT_CSV', `not a CSV file: ${name}: ${thrown.message}`, { cause: thrown, expected });
  }
}
