import { describe, expect, it } from 'vitest';
import { seeded } from '../../test/helpers/items.ts';
import { createBackoff, isWorthATry } from './backoff.ts';
import { Outbox } from './outbox.ts';
import { skipRows } from './rows-pieces.ts';

const pcm = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 } as const;
/** Rows [from, to) whose bytes say which they are. */
const rowsAt = (from: number, to: number) =>
  new Uint8Array(Int16Array.from({ length: to - from }, (_, i) => from + i).buffer);
const firstOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getInt16(0, true);

describe('an outbox', () => {
  it.each(['wait', 'gap'] as const)('covers every row once, wherever a server wants to go on: %s', (overflow) => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seeded(seed);
      const outbox = new Outbox({ bytesMax: 400, overflow, format: pcm });
      outbox.rewind(0, undefined);
      /** What a server has consumed: rows up to a row, or a command. */
      let consumed: (number | string)[] = [];
      /** What it has stored of that, perhaps a part of the next rows too. */
      let stored = { entries: 0, row: 0 };
      let server = 0;
      let next = 0;
      for (let i = 0; i < 300; i++) {
        const what = random();
        const count = 1 + Math.floor(random() * 40);
        if (what < 0.35 && (overflow === 'gap' || outbox.bytes + 2 * count <= 400)) {
          outbox.addRows(count, rowsAt(outbox.offset, outbox.offset + count));
        } else if (what < 0.4) outbox.addGap(count, 'client');
        else if (what < 0.45) outbox.addCommand({ type: 'finalize', id: `c${next++}` });
        else if (what < 0.8) {
          const entry = outbox.next();
          if (!entry) continue;
          outbox.sent();
          expect(entry.from).toBe(server);
          if (entry.kind === 'command') consumed.push((entry.message as { id: string }).id);
          else {
            if (entry.bytes)
              expect([firstOf(entry.bytes), entry.bytes.length]).toEqual([server, 2 * (entry.to - server)]);
            server = entry.to;
            consumed.push(server);
          }
        } else if (what < 0.9) {
          const entries = stored.entries + Math.floor(random() * (consumed.length - stored.entries + 1));
          const whole = Math.max(stored.row, ...consumed.slice(0, entries).filter((one) => typeof one === 'number'));
          const part = consumed[entries];
          const row = typeof part === 'number' ? whole + Math.floor(random() * (part - whole)) : whole;
          stored = { entries, row };
          outbox.stored(row);
        } else {
          // A connection is lost: what is not stored is asked for again.
          consumed = consumed.slice(0, stored.entries);
          server = stored.row;
          outbox.rewind(server, consumed.filter((one) => typeof one === 'string').at(-1));
        }
        expect(outbox.bytes).toBeLessThanOrEqual(400);
        expect(outbox.bytes).toBeGreaterThanOrEqual(0);
      }
      const commands = consumed.filter((one) => typeof one === 'string');
      expect(commands).toEqual(commands.map((_, i) => `c${i}`)); // each once, in order
    }
  });

  it('says when rows are wanted that it no longer has', () => {
    const outbox = new Outbox({ bytesMax: 400, overflow: 'wait', format: pcm });
    outbox.rewind(0, undefined);
    outbox.addRows(10, rowsAt(0, 10));
    outbox.sent();
    outbox.stored(10);
    expect(() => outbox.rewind(5, undefined)).toThrow(expect.objectContaining({ code: 'ERR_STATE_GONE' }));
  });

  it('lets a piece wait until there is room, and go when it is larger than all room there is', async () => {
    const outbox = new Outbox({ bytesMax: 10, overflow: 'wait', format: pcm });
    outbox.rewind(0, undefined);
    await outbox.room(100);
    outbox.addRows(5, rowsAt(0, 5));
    let went = false;
    const waits = outbox.room(2).then(() => {
      went = true;
    });
    await Promise.resolve();
    expect(went).toBe(false);
    outbox.sent();
    outbox.stored(5);
    await waits;
    expect(went).toBe(true);
  });
});

describe('rows that are sent again from their middle', () => {
  it('are cut at rows of bytes and at lines of text, a header line and blank ones being none', () => {
    expect([...skipRows(rowsAt(0, 5), 3, pcm)]).toEqual([...rowsAt(3, 5)]);
    const csv = { encoding: 'csv', fields: ['t', 'a'], time: 't', time_unit: 's' } as const;
    const text = new TextEncoder().encode('t,a\n1,2\n\n2,3\nx,y\n4,5');
    const from = (rows: number) => new TextDecoder().decode(skipRows(text, rows, csv));
    expect([from(1), from(2), from(3)]).toEqual(['\n2,3\nx,y\n4,5', 'x,y\n4,5', '4,5']);
    const ndjson = { encoding: 'ndjson', fields: ['a'] } as const;
    expect(new TextDecoder().decode(skipRows(new TextEncoder().encode('{"a":1}\n{"a":2}\n'), 1, ndjson))).toBe(
      '{"a":2}\n',
    );
  });
});

describe('waiting before the next connection', () => {
  it('is anything up to a bound that doubles from 150 ms to 5 s, and starts over after 5 s of standing', () => {
    const backoff = createBackoff(() => 0.5);
    const waits = Array.from({ length: 8 }, () => backoff.next());
    expect(waits).toEqual([75, 150, 300, 600, 1200, 2400, 2500, 2500]);
    backoff.stood(4999);
    expect(backoff.next()).toBe(2500);
    backoff.stood(5000);
    expect(backoff.next()).toBe(75);
  });

  it('is for what may be better next time', () => {
    const again = (codes: number[], fresh = false) => codes.map((code) => isWorthATry(code, fresh));
    expect(again([0, 1001, 1006, 1011, 1012, 1013, 4408, 4429])).not.toContain(false);
    const never = [1000, 1002, 1003, 1007, 1008, 1009, 4400, 4403, 4404, 4409, 4410, 4413, 4415];
    expect(again([...never, 4401])).not.toContain(true);
    expect(again(never, true)).not.toContain(true);
    expect(again([4401], true)).toEqual([true]); // with another token
  });
});
