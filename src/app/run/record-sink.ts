// Results as the protocol's own records, one JSON text a line, to stdout or a file. Waits for a slow reader.

import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Output, SessionSummary } from '../../session/session.ts';
import { jsonCodec } from '../../wire/json-codec.ts';
import type { ServerMessage } from '../../wire/messages.ts';
import { toResultMessage } from '../../wire/result-message.ts';

export interface RecordSink {
  write(output: Output): void;
  /** Resolves once the reader has caught up. */
  drained(): Promise<void>;
  /** @param ended false: the stream only pauses here, so no `end` record is written */
  end(summary: SessionSummary, ended: boolean): Promise<void>;
}

/** @param path a file, or '-' for stdout */
export function createRecordSink(path: string): RecordSink {
  const stream: Writable = path === '-' ? process.stdout : createWriteStream(path);
  let full = false;
  const put = (message: ServerMessage): void => {
    full = !stream.write(`${jsonCodec.encodeServer(message)}\n`);
  };
  return {
    write({ seq, item }) {
      if (item.kind === 'gap') put({ type: 'gap', from: item.from, to: item.to, why: item.why });
      else put(toResultMessage(seq, item));
    },
    async drained() {
      if (!full) return;
      await new Promise((resolve) => stream.once('drain', resolve));
      full = false;
    },
    async end({ offset, results, gaps, digest }, ended) {
      if (ended) put({ type: 'end', offset, results, gaps, digest });
      if (path === '-') return;
      stream.end();
      await finished(stream);
    },
  };
}
