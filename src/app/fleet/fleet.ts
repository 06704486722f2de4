// Many sensors in one process: messages in, a stream a sensor, results out. Message -> format -> rows -> journal -> (now it is
// safe, and said so) -> each row into its stream -> results. One message after another; only the disk works beside.
// Read next: fleet-stream.ts (one sensor), checkpoints.ts and open-fleet.ts (what survives), docs/sensors.md.

import { createHash } from 'node:crypto';
import { asEngineError } from '../../base/errors.ts';
import type { EventOrderOptions } from '../../item/event-order.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import type { SourceMessage } from '../../transport/message-source.ts';
import type { Hear, Heard } from '../../wire/formats/sensor-formats.ts';
import { wallClockUs } from '../clock.ts';
import { type CheckpointOptions, type Checkpoints, createCheckpoints, type FleetDisk } from './checkpoints.ts';
import { FleetStream } from './fleet-stream.ts';
import type { JournalRecord, JournalRow } from './journal.ts';
import { keyedRows } from './keyed-rows.ts';
import { createRedelivery, type Redelivery, sumOf } from './redelivery.ts';
import type { ResultSink } from './result-sink.ts';
import { createRowGate, type RowGate } from './row-gate.ts';
import type { StreamState } from './stream-state.ts';

export interface FleetOptions {
  readonly loaded: LoadedPipeline;
  readonly hear: Hear;
  readonly sink: ResultSink;
  readonly order: EventOrderOptions;
  readonly columns?: readonly string[];
  /** Senders beyond it are refused. */
  readonly streamsMax: number;
  readonly checkpoint: CheckpointOptions;
  /** Absent: nothing survives the process. */
  readonly disk?: FleetDisk;
  /** To the sender of a message, where the source can. */
  readonly publish?: (topic: string, payload: Uint8Array) => void;
  readonly nowUs?: () => number;
}

/** Events of one kind since the process began. */
export type FleetCounts = Record<
  'rows' | 'repeated' | 'malformed' | 'future' | 'refused' | 'late' | 'duplicate' | 'out_of_order',
  number
>;

export interface FleetSummary {
  readonly streams: number;
  readonly results: number;
  readonly stateBytes: number;
  readonly counts: FleetCounts;
  /** Of all streams' digests by name: equal for equal rows, however they came and however often the process was killed. */
  readonly digest: string;
}

/** Messages taken and not yet worked through: with a disk, what it syncs at once; else garbage that outlives its youth. */
const WAITING_MAX = { disk: 1000, none: 16 } as const;

export class Fleet {
  /** Rejects as soon as something has failed for good. */
  readonly failed: Promise<never>;
  readonly #options: FleetOptions;
  readonly #streams = new Map<string, FleetStream>();
  readonly #gate: RowGate;
  readonly #redelivery: Redelivery = createRedelivery();
  readonly #checkpoints: Checkpoints | undefined;
  readonly #nowUs: () => number;
  readonly #counts = { rows: 0, repeated: 0, malformed: 0 };
  /** Results of what is replayed are out already. */
  #muted = false;
  readonly #say = (key: string, line: string): void => {
    if (!this.#muted) this.#options.sink.write(key, line);
  };
  /** The journal position behind the last row that is in a state. */
  #applied: number;
  #waiting = 0;
  #work: Promise<void> = Promise.resolve();
  #broken = false;
  #fail: (thrown: unknown) => void;

  constructor(options: FleetOptions) {
    const { disk, sink, checkpoint, nowUs = wallClockUs } = options;
    this.#options = options;
    this.#nowUs = nowUs;
    this.#applied = disk?.journal.next ?? 0;
    this.#gate = createRowGate(options.streamsMax, (key, fields) => this.#tell(key, fields));
    let reject: (thrown: unknown) => void = () => undefined;
    this.failed = new Promise<never>((_, no) => {
      reject = no;
    });
    this.failed.catch(() => undefined);
    this.#fail = (thrown) => {
      this.#broken = true;
      reject(thrown);
    };
    this.#checkpoints =
      disk && createCheckpoints(disk, this.#streams, sink, checkpoint, () => this.#applied, this.#fail);
  }

  /** Takes a message; resolves once the next may come. */
  async take(message: SourceMessage): Promise<void> {
    const { topic, bytes, id, at, retained = false, again = false, done } = message;
    const nowUs = this.#nowUs();
    const sum = id === undefined ? 0 : sumOf(topic, bytes);
    if (id !== undefined && !retained && this.#redelivery.isRepeat(id, sum, again)) {
      this.#counts.repeated++;
      return this.#inTurn(() => done?.());
    }
    const heard = this.#hear(message, nowUs);
    if (!heard) return;
    const sender = topic.startsWith('spBv1.0/') ? '' : topic;
    const rows = this.#gate.admit(keyedRows(sender, heard.readings, this.#options.columns), retained, nowUs);
    if (rows.length === 0 && at === undefined) return this.#inTurn(() => done?.());
    const safe = this.#write({
      rows,
      ...(id === undefined ? {} : { id: [id, sum] }),
      ...(at === undefined ? {} : { at }),
    });
    if (id !== undefined) this.#redelivery.note(id, sum);
    this.#waiting++;
    const worked = this.#inTurn(async () => {
      const position = await safe;
      done?.();
      await this.#apply(position, rows);
      this.#waiting--;
      await this.#options.sink.drained();
    });
    if (this.#waiting >= WAITING_MAX[this.#options.disk ? 'disk' : 'none']) await worked;
  }

  /** What was under way on a connection before may come again. */
  reconnected(): void {
    this.#redelivery.reconnected();
  }

  /** A stream as an earlier process left it. */
  restore(state: StreamState): void {
    this.#open(state.key, state);
    this.#gate.know(state.key, state.order.last ?? -Infinity);
  }

  /** What an earlier process wrote down. @param muted its results are out already */
  async replay(position: number, { rows = [], id }: JournalRecord, muted: boolean): Promise<void> {
    if (id) this.#redelivery.note(...id);
    if (rows.length === 0) return;
    this.#muted = muted;
    await this.#apply(position, rows);
    this.#muted = false;
    for (const [key, time] of rows) this.#gate.know(key, time);
    await this.#options.sink.drained();
  }

  /** Call it every second or so. */
  tick(): void {
    void this.#inTurn(() => this.#checkpoints?.tick(this.#nowUs() / 1000));
  }

  /** Waits for what was taken. @param ended nothing earlier will come: rows that wait for it go */
  async finish(ended: boolean): Promise<FleetSummary> {
    await this.#inTurn(async () => {
      if (ended) for (const stream of this.#streams.values()) await stream.flush();
    });
    if (!this.#broken) await this.#checkpoints?.finish().catch(this.#fail);
    if (this.#broken) await this.failed;
    const summary = summarise(this.#streams, { ...this.#counts, ...this.#gate.counts });
    for (const stream of this.#streams.values()) stream.close();
    return summary;
  }

  #hear(message: SourceMessage, nowUs: number): Heard | undefined {
    const { topic, bytes, line, refused, done } = message;
    try {
      const heard = this.#options.hear(topic, bytes, nowUs, message);
      if (heard.rebirth) this.#options.publish?.(heard.rebirth.topic, heard.rebirth.payload);
      for (const event of heard.events ?? []) this.#tell(topic, { type: 'event', event });
      return heard;
    } catch (thrown) {
      const error = asEngineError(thrown);
      this.#counts.malformed++;
      const place = line === undefined ? {} : { line };
      this.#tell(topic, { type: 'event', event: 'malformed', ...place, code: error.code, message: error.message });
      if (refused) refused(error);
      else void this.#inTurn(() => done?.());
      return undefined;
    }
  }

  #write(record: JournalRecord): Promise<number> {
    const safe = this.#options.disk?.journal.append(record) ?? Promise.resolve(this.#applied);
    safe.catch(() => undefined); // whoever waits for it in turn meets it
    return safe;
  }

  async #apply(position: number, rows: readonly JournalRow[]): Promise<void> {
    const nowMs = this.#nowUs() / 1000;
    for (const [key, time, ...values] of rows) {
      const stream = this.#streams.get(key) ?? this.#open(key);
      if (position < stream.from) continue;
      this.#counts.rows++;
      const row = { time, values: Float32Array.from(values, (value) => value ?? Number.NaN) };
      await stream.take(row, position, nowMs);
    }
    this.#applied = position + 1;
  }

  #open(key: string, saved?: StreamState): FleetStream {
    const { loaded, order, columns } = this.#options;
    const stream = new FleetStream({
      key,
      loaded,
      order,
      width: columns?.length ?? 1,
      write: this.#say,
      ...(saved ? { saved } : {}),
    });
    this.#streams.set(key, stream);
    return stream;
  }

  #tell(key: string, fields: object): void {
    this.#options.sink.write(key, JSON.stringify({ stream: key, ...fields }));
  }

  #inTurn(step: () => Promise<void> | void): Promise<void> {
    this.#work = this.#work.then(() => (this.#broken ? undefined : step())).catch(this.#fail);
    return this.#work;
  }
}

function summarise(
  streams: ReadonlyMap<string, FleetStream>,
  own: Omit<FleetCounts, 'late' | 'duplicate' | 'out_of_order'>,
) {
  const counts: FleetCounts = { ...own, late: 0, duplicate: 0, out_of_order: 0 };
  const hash = createHash('sha256');
  let [results, stateBytes] = [0, 0];
  for (const [key, stream] of [...streams].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const summary = stream.summary();
    hash.update(`${key} ${summary.digest}\n`);
    results += summary.results;
    stateBytes += stream.stateBytes;
    for (const name of ['late', 'duplicate', 'out_of_order'] as const) counts[name] += stream.counts[name];
  }
  return { streams: streams.size, results, stateBytes, counts, digest: `sha256:${hash.digest('hex')}` };
}
