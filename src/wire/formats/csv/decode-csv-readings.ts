// CSV as a message: whole lines of a table whose columns were named beforehand or by a header line of its own. A line with a
// field that is no number refuses the message; a file read from its beginning rather declares such a row as a gap (csv.ts).

import { decodeCsv, readCsvHeader } from '../../csv.ts';
import type { TimeUnit } from '../../messages.ts';
import { malformed, type Reading, shown } from '../reading.ts';
import { TIME_FIELDS } from '../time-fields.ts';

export interface CsvReadingOptions {
  /** All columns in order, the time among them; absent: the message begins with a header line. */
  readonly fields?: readonly string[];
  /** Name of the time column; '' for none; absent: the first of TIME_FIELDS that is there. */
  readonly time?: string;
  readonly timeUnit?: TimeUnit;
}

/** @throws ERR_ROW_MALFORMED naming the row and the column; ERR_WIRE_MALFORMED when quotes do not close */
export function decodeCsvReadings(text: string, { fields, time: asked, timeUnit }: CsvReadingOptions): Reading[] {
  const names = fields ?? readCsvHeader(text);
  if (!names) throw malformed('the message', 'columns without names', 'a header line, or --fields');
  const time = asked === '' ? undefined : (asked ?? TIME_FIELDS.find((name) => names.includes(name)));
  if (time !== undefined && !names.includes(time)) {
    throw malformed('the message', `no column ${shown(time)}`, 'the time column among the fields');
  }
  const decoded = decodeCsv(text, {
    fields: names,
    ...(time === undefined ? {} : { time }),
    ...(timeUnit === undefined ? {} : { time_unit: timeUnit }),
  });
  const [fault] = decoded.faults;
  if (fault) {
    const expected = 'numbers; an empty field, NaN, NA or null for a missing one';
    throw malformed(`row ${fault.row + 1}, column ${shown(fault.column)}`, 'not a number', expected);
  }
  const infinite = decoded.rows.findIndex((value) => Math.abs(value) === Infinity);
  const columns = names.filter((name) => name !== time);
  if (infinite >= 0) {
    const place = `row ${Math.floor(infinite / columns.length) + 1}, column ${shown(columns[infinite % columns.length]!)}`;
    throw malformed(place, 'not a finite float32', 'a number below 3.4e38');
  }
  return Array.from(decoded.rows, (value, i) => ({
    series: '',
    column: columns[i % columns.length]!,
    time: decoded.times?.[Math.floor(i / columns.length)] ?? Number.NaN,
    value,
  }));
}
