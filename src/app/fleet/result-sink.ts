// Where the results of many streams go, a line of JSON each: a file, stdout, or a broker. `mark` is what makes a kill -9
// invisible in a file: everything behind the last mark is cut off at the next start and written again from the journal.

import { type FileHandle, open, truncate } from 'node:fs/promises';
import { engineError } from '../../base/errors.ts';
import type { MqttSink } from '../../transport/mqtt/mqtt-sink.ts';

export interface ResultSink {
  /** @param line JSON, with the stream's name in it, without a line end */
  write(stream: string, line: string): void;
  /** Resolves once the reader has caught up. @throws ERR_OUTPUT_FAILED, ERR_CONNECT_FAILED */
  drained(): Promise<void>;
  /** Everything written until now is with its reader for good. @returns how many bytes a file then has; 0 otherwise */
  mark(): Promise<number>;
  end(): Promise<void>;
}

const GATHERED_MAX = 64 * 1024;

/** @param keep bytes of the file to go on behind; undefined: begin anew */
export async function fileSink(path: string, keep: number | undefined): Promise<ResultSink> {
  const fail = (cause: Error) =>
    engineError('ERR_OUTPUT_FAILED', `cannot write ${path}: ${cause.message}`, {
      cause,
      expected: 'a path in a folder that exists, on a disk with room left',
    });
  const file = await openAt(path, keep).catch((cause: Error) => {
    throw fail(cause);
  });
  let gathered: string[] = [];
  let characters = 0;
  let bytes = file.bytes;
  /** Writes follow one another, so that a mark is of what was there when it was asked for. */
  let last: Promise<number> = Promise.resolve(bytes);

  function flush(synced: boolean): Promise<number> {
    const data = Buffer.from(gathered.join(''));
    gathered = [];
    characters = 0;
    last = last.then(async () => {
      if (data.length > 0) await file.handle.writeFile(data);
      if (synced) await file.handle.datasync();
      bytes += data.length;
      return bytes;
    });
    return last.catch((cause: Error) => {
      throw fail(cause);
    });
  }
  return {
    write(_stream, line) {
      gathered.push(line, '\n');
      characters += line.length + 1;
    },
    async drained() {
      if (characters >= GATHERED_MAX) await flush(false);
    },
    mark: () => flush(true),
    async end() {
      await flush(false);
      await file.handle.close();
    },
  };
}

/** For appending behind byte `keep`, or behind what there is when that is less. */
async function openAt(path: string, keep: number | undefined): Promise<{ handle: FileHandle; bytes: number }> {
  const handle = await open(path, keep === undefined ? 'w' : 'a');
  if (keep === undefined) return { handle, bytes: 0 };
  const bytes = Math.min(keep, (await handle.stat()).size);
  await truncate(path, bytes);
  return { handle, bytes };
}

export function stdoutSink(): ResultSink {
  const { stdout } = process;
  const drained = async (): Promise<void> => {
    if (stdout.writableNeedDrain) await new Promise((resolve) => stdout.once('drain', resolve));
  };
  return {
    write: (_stream, line) => void stdout.write(`${line}\n`),
    drained,
    async mark() {
      await drained();
      return 0;
    },
    end: drained,
  };
}

/** `kitchen/oven#temp` is published under <topic>/kitchen/oven/temp. */
export function brokerSink(sink: MqttSink): ResultSink {
  return {
    write: (stream, line) => sink.publish(stream.replaceAll('#', '/').replaceAll('+', '_'), line),
    drained: () => sink.drained(),
    async mark() {
      await sink.settled();
      return 0;
    },
    async end() {
      await sink.settled();
      await sink.close();
    },
  };
}
