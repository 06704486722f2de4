// Results as the protocol's own records, one JSON text a line: what a client of the server would get.

import { jsonCodec } from '../../wire/json-codec.ts';
import { toResultMessage } from '../../wire/result-message.ts';
import type { LineFormat } from './record-sink.ts';

export const recordLines: LineFormat = {
  line({ seq, item }) {
    const { from, to } = item;
    const message =
      item.kind === 'gap' ? ({ type: 'gap', from, to, why: item.why } as const) : toResultMessage(seq, item);
    return `${jsonCodec.encodeServer(message)}\n`;
  },
  tail: ({ offset, results, gaps, digest }) =>
    `${jsonCodec.encodeServer({ type: 'end', offset, results, gaps, digest })}\n`,
};
