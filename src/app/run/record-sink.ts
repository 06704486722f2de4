// Results as lines of text to stdout or a file: the protocol's own records (record-lines.ts) or CSV (result-csv.ts). Lines
// are gathered and written together, and a slow reader is waited for: what waits here is bounded.

import { createWriteStream, statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { asEngineError, type EngineError, engineError } from '../../base/errors.ts';
import type { Output, SessionSummary } from '../../session/session-options.ts';

/** What stands in the lines; each text holds whole lines or nothing. */
export interface LineFormat {
  readonly line: (output: Output) => string;
  /** Behind the last result of a stream that ended. */
  readonly tail?: (summary: SessionSummary) => string;
}

export interface RecordSink {
  write(output: Output): void;
  /** Resolves once the reader has caught up. @throws ERR_OUTPUT_FAILED when it cannot be written to, ERR_USAGE when it has no line for a result */
  drained(): Promise<void>;
  /** Writes what is left. `summary`: the stream has ended; without it, it only pauses here or has failed. */
  end(summary?: SessionSummary): Promise<void>;
}

export interface SinkOptions {
  /** Go on behind what the file holds. */
  readonly append?: boolean;
  /** Write each piece's lines at once, as somebody may be waiting for them: for live sources. */
  readonly prompt?: boolean;
}

/** Characters gathered before they are written: 7 s of readings; writing piece by piece cost 7 % of a run. */
const GATHERED_MAX = 64 * 1024;

/** @param path a file, or '-' for stdout */
export function openRecordSink(path: string, format: LineFormat, options: SinkOptions = {}): RecordSink {
  if (path === '-') return createRecordSink(process.stdout, format, options);
  return createRecordSink(createWriteStream(path, { flags: options.append ? 'a' : 'w' }), format, options, path);
}

/** @param path what to call the stream in an error, and that it is ours to close; absent for stdout */
export function createRecordSink(
  stream: Writable,
  { line, tail }: LineFormat,
  { prompt = false }: SinkOptions = {},
  path?: string,
): RecordSink {
  let gathered = '';
  let failed: EngineError | undefined;
  let wake: () => void = () => undefined;
  if (path !== undefined) {
    stream.on('error', (thrown) => {
      failed = cannotWrite(path, thrown);
      wake();
    });
  }
  stream.on('drain', () => wake());

  function put(text: string): void {
    gathered += text;
    if (gathered.length >= GATHERED_MAX) flush();
  }
  function flush(): void {
    if (gathered !== '' && !failed) stream.write(gathered);
    gathered = '';
  }
  async function drained(): Promise<void> {
    if (prompt) flush();
    while (stream.writableNeedDrain && !failed) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (failed) throw failed;
  }
  return {
    write(output) {
      if (failed) return;
      try {
        put(line(output));
      } catch (thrown) {
        flush();
        failed = asEngineError(thrown); // told by drained() or end(): a session's listener must not throw
      }
    },
    drained,
    async end(summary) {
      if (summary && tail) put(tail(summary));
      flush();
      try {
        await drained();
      } finally {
        if (path !== undefined)
          await new Promise<void>((resolve) => stream.end(() => resolve()).once('error', () => resolve()));
      }
      if (failed) throw failed;
    },
  };
}

/** Whether there is something to append to. */
export function isBegun(path: string): boolean {
  return path !== '-' && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function cannotWrite(path: string, thrown: Error): EngineError {
  return engineError('ERR_OUTPUT_FAILED', `cannot write ${path}: ${thrown.message}`, {
    cause: thrown,
    expected: 'a path in a folder that exists, on a disk with room left',
  });
}
