// What a resumable stream's client has to send, and has sent but may have to send again: input in order, kept until its
// state is stored on the server, bounded in bytes. What does not fit waits, or is declared as a gap: never silently lost.

import { type EngineError, engineError } from '../base/errors.ts';
import type { ClientMessage, FormatMessage } from '../wire/messages.ts';
import { skipRows } from './rows-pieces.ts';

/** Rows [from, to); without `bytes` they are declared missing. */
export interface RowsEntry {
  readonly kind: 'rows';
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array | undefined;
  readonly why: string;
}
/** A finalize, reset, snapshot, fork, update or close before row `from`. */
export interface CommandEntry {
  readonly kind: 'command';
  readonly from: number;
  readonly message: ClientMessage;
}
export type OutboxEntry = RowsEntry | CommandEntry;

export interface OutboxOptions {
  readonly bytesMax: number;
  /** What happens to rows that do not fit: they wait, or the oldest that were not sent become a gap. */
  readonly overflow: 'wait' | 'gap';
  readonly format: FormatMessage;
}

const OVERFLOW_WHY = 'client_overrun';

export class Outbox {
  #options: OutboxOptions;
  #entries: OutboxEntry[] = [];
  /** Index of the next entry to be sent. */
  #at = 0;
  #offset = 0;
  #began = false;
  #bytes = 0;
  #failure: EngineError | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Rows taken so far, declared ones too. */
  get offset(): number {
    return this.#offset;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when rows of `bytes` may be added; at once when what does not fit is to become a gap. */
  async room(bytes: number): Promise<void> {
    while (!this.#failure && this.#options.overflow === 'wait' && !this.#fits(bytes)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure) throw this.#failure;
  }

  addRows(rows: number, bytes: Uint8Array): void {
    if (this.#options.overflow === 'gap' && !this.#fits(bytes.length) && !this.#shed(bytes.length)) {
      return this.addGap(rows, OVERFLOW_WHY);
    }
    this.#entries.push({ kind: 'rows', from: this.#offset, to: this.#offset + rows, bytes, why: '' });
    this.#offset += rows;
    this.#bytes += bytes.length;
  }

  addGap(rows: number, why: string): void {
    const from = this.#offset;
    this.#offset += rows;
    const last = this.#entries.at(-1);
    const joins = this.#entries.length > this.#at && last?.kind === 'rows' && !last.bytes && last.why === why;
    if (joins) this.#entries[this.#entries.length - 1] = { ...last, to: this.#offset };
    else this.#entries.push({ kind: 'rows', from, to: this.#offset, bytes: undefined, why });
  }

  addCommand(message: ClientMessage): void {
    this.#entries.push({ kind: 'command', from: this.#offset, message });
  }

  /** The next entry to be sent, until `sent` is called. */
  next(): OutboxEntry | undefined {
    return this.#entries[this.#at];
  }
  sent(): void {
    this.#at++;
  }

  /** Rows before `offset` are stored and never wanted again. */
  stored(offset: number): void {
    this.#trim((entry) => (entry.kind === 'rows' ? entry.to <= offset : entry.from < offset), this.#at);
  }

  /**
   * A new connection wants rows from `offset`, and the commands after the one called `after`.
   * @throws ERR_STATE_GONE when they are no longer here
   */
  rewind(offset: number, after: string | undefined): void {
    const known = after === undefined ? -1 : this.#entries.findIndex((entry) => idOf(entry) === after);
    let left = known + 1;
    const isDone = (entry: OutboxEntry) => (entry.kind === 'rows' ? entry.to <= offset : entry.from < offset);
    this.#trim((entry) => left-- > 0 || isDone(entry), this.#entries.length);
    this.#at = 0;
    if (!this.#began) this.#offset = Math.max(this.#offset, offset); // a stream that this client did not begin
    this.#began = true;
    const first = this.#entries[0];
    if ((first?.from ?? this.#offset) > offset) {
      throw engineError('ERR_STATE_GONE', `the server wants rows from ${offset}, which are no longer here`, {
        expected: 'a new stream',
      });
    }
    if (first?.kind !== 'rows' || first.from === offset) return;
    const rest = first.bytes && skipRows(first.bytes, offset - first.from, this.#options.format);
    this.#bytes -= (first.bytes?.length ?? 0) - (rest?.length ?? 0);
    this.#entries[0] = { ...first, from: offset, bytes: rest };
  }

  /** `room` rejects from now on. */
  fail(error: EngineError): void {
    this.#failure = error;
    this.#wakeAll();
  }

  /** A piece larger than the bound must go some time. */
  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#options.bytesMax;
  }

  /** Forgets entries at the front while they are done with, at most `count`. */
  #trim(isDone: (entry: OutboxEntry) => boolean, count: number): void {
    let done = 0;
    while (done < count && done < this.#entries.length && isDone(this.#entries[done]!)) {
      this.#bytes -= sizeOf(this.#entries[done++]!);
    }
    if (done === 0) return;
    this.#entries = this.#entries.slice(done);
    this.#at = Math.max(0, this.#at - done);
    this.#wakeAll();
  }

  /** Turns the oldest rows that were not sent into gaps until `more` bytes fit. False: it is not enough. */
  #shed(more: number): boolean {
    const entries = this.#entries;
    for (let i = this.#at; i < entries.length && !this.#fits(more); i++) {
      const entry = entries[i]!;
      if (entry.kind !== 'rows' || !entry.bytes) continue;
      this.#bytes -= entry.bytes.length;
      const last = i > this.#at ? entries[i - 1] : undefined;
      const gap: RowsEntry = { ...entry, bytes: undefined, why: OVERFLOW_WHY };
      if (last?.kind === 'rows' && !last.bytes && last.why === OVERFLOW_WHY) {
        entries.splice(--i, 2, { ...gap, from: last.from });
      } else entries[i] = gap;
    }
    return this.#fits(more);
  }

  #wakeAll(): void {
    const woken = this.#waiting;
    this.#waiting = [];
    for (const wake of woken) wake();
  }
}

const sizeOf = (entry: OutboxEntry): number => (entry.kind === 'rows' ? (entry.bytes?.length ?? 0) : 0);

const idOf = (entry: OutboxEntry): string | undefined =>
  entry.kind === 'command' && 'id' in entry.message ? entry.message.id : undefined;
