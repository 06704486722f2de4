// A list of recordings: a JSON object a line, as denoise.jsonl and vad.jsonl are.

import { readFile } from 'node:fs/promises';
import { engineError } from '../../base/errors.ts';

/** Every line with the fields that `fields` names. @throws ERR_USAGE naming the first line that is none */
export async function readJsonLines<T>(file: string, fields: readonly (keyof T & string)[]): Promise<T[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.flatMap((line, at) => {
    if (line.trim() === '') return [];
    const value = parsed(line);
    if (value !== undefined && fields.every((field) => value[field] !== undefined)) return [value as T];
    throw engineError('ERR_USAGE', `line ${at + 1} of ${file} is not an entry`, {
      expected: `a JSON object a line, with ${fields.join(', ')}`,
    });
  });
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
