// The comparison with attention, on the reader's own stream: both twins see the same rows in the same process, and the
// table says how far they agree, what a hop costs and how many bytes a stream holds as it grows. "Full" attention keeps
// every row up to a declared bound; windowed attention is the twin as it was trained.

import { engineError } from '../base/errors.ts';
import { streamId } from '../base/units.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { StreamFormat } from '../pipeline/define-pipeline.ts';
import { Session } from '../session/session.ts';
import { systemClock } from './clock.ts';
import type { OpenPipeline } from './open-pipeline.ts';
import { byteSize, microseconds, quantile, table } from './print.ts';
import { hopRowsOf } from './run/run-stream.ts';

export interface Checkpoint {
  readonly seconds: number;
  /** Median microseconds per hop over the stretch that ends here. */
  readonly usPerHop: number;
  /** Bytes of the stream's state in use. */
  readonly bytes: number;
}

export interface Contestant {
  readonly name: string;
  readonly checkpoints: readonly Checkpoint[];
  /** One reading per hop of the whole stream as it was given (not the repetitions). */
  readonly readings: Float32Array;
}

export interface Comparison {
  readonly contestants: readonly Contestant[];
  readonly agreement: { readonly sameSide: number; readonly meanDifference: number; readonly correlation: number };
}

/** Where the table looks, in seconds of stream. A short recording is repeated up to 20 s; the last look is for long ones. */
const LOOK_SECONDS = [1, 5, 10, 20, 60];
const LOOK_ALWAYS_SECONDS = 20;
/** A look at the cost takes the median of so many hops. */
const LOOK_HOPS = 100;
/** Hops that "full" attention keeps: 60 s at 10 ms. Past it a full cache must be refused or slide; here the table ends. */
const FULL_HOPS = 6000;

/**
 * Runs cell=ssm, cell=attention and attention with a full cache over `samples`.
 * @throws ERR_USAGE for a pipeline without a `cell` and a `window` option
 */
export async function compareCells(
  open: OpenPipeline,
  name: string,
  source: StreamFormat,
  samples: Float32Array,
): Promise<Comparison> {
  const ssm = await open(name, { cell: 'ssm' });
  if (!('window' in ssm.pipeline.options)) {
    throw engineError('ERR_USAGE', `${name} has no attention twin to compare with on a recording`, {
      expected: 'pipeline vad',
    });
  }
  const windowed = await open(name, { cell: 'attention' });
  const full = await open(name, { cell: 'attention', window: FULL_HOPS });
  // Two sizes of one cache give the bytes of a row, whatever the model's shape.
  const oneHop = await open(name, { cell: 'attention', window: 1 });
  const bytesPerHop = (stateBytes(full, source) - stateBytes(oneHop, source)) / (FULL_HOPS - 1);
  const fixed = stateBytes(oneHop, source) - bytesPerHop;
  const growing = (window: number) => (hops: number) => fixed + bytesPerHop * Math.min(hops, window);
  const trained = Math.round((stateBytes(windowed, source) - fixed) / bytesPerHop);

  const runners = [
    openRunner('ssm', ssm, source, () => stateBytes(ssm, source)),
    openRunner(`attention, window ${trained}`, windowed, source, growing(trained)),
    openRunner(`attention, full to ${FULL_HOPS}`, full, source, growing(FULL_HOPS)),
  ];
  race(runners, source, samples, hopRowsOf(source, ssm));
  const contestants = runners.map((runner) => runner.result());
  return { contestants, agreement: agreementOf(contestants[0]!.readings, contestants[1]!.readings) };
}

function stateBytes(loaded: LoadedPipeline, source: StreamFormat): number {
  const session = new Session({ id: streamId('size'), loaded, source, clock: systemClock, onOutput: () => undefined });
  session.close();
  return session.stateBytes;
}

interface Runner {
  feed(hop: Float32Array): void;
  /** Notes the median cost of the last second and the bytes in use. */
  look(seconds: number, hops: number): void;
  /** Readings so far are those of the stream as it was given; what follows is repetition. */
  heardAll(): void;
  result(): Contestant;
}

function openRunner(
  name: string,
  loaded: LoadedPipeline,
  source: StreamFormat,
  bytesAfter: (hops: number) => number,
): Runner {
  const readings: number[] = [];
  const checkpoints: Checkpoint[] = [];
  let costs: number[] = [];
  let heard = 0;
  const session = new Session({
    id: streamId(name),
    loaded,
    source,
    clock: systemClock,
    onOutput: ({ item }) => {
      if (item.kind === 'detection') readings.push(Object.values(item.values)[0]!);
    },
  });
  return {
    feed(hop) {
      const started = systemClock.now();
      session.rows(hop);
      session.work();
      costs.push(systemClock.now() - started);
    },
    look(seconds, hops) {
      checkpoints.push({ seconds, usPerHop: quantile(costs.slice(-LOOK_HOPS), 0.5), bytes: bytesAfter(hops) });
      costs = [];
    },
    heardAll() {
      heard = readings.length;
    },
    result() {
      session.close();
      return { name, checkpoints, readings: Float32Array.from(readings.slice(0, heard || readings.length)) };
    },
  };
}

/** All runners hop by hop in turns, so that whatever the machine does meanwhile meets them alike. */
function race(
  runners: readonly Runner[],
  { rateHz, width }: StreamFormat,
  samples: Float32Array,
  hopRows: number,
): void {
  const wholeHops = Math.floor(samples.length / width / hopRows);
  const hopsPerSecond = rateHz / hopRows;
  const longest = Math.max(LOOK_ALWAYS_SECONDS, wholeHops / hopsPerSecond);
  const looks = LOOK_SECONDS.filter((seconds) => seconds <= longest);
  const hops = Math.max(looks.at(-1)! * hopsPerSecond, Math.min(wholeHops, FULL_HOPS));
  for (let hop = 0; hop < hops; hop++) {
    const at = (hop % wholeHops) * hopRows * width;
    for (const runner of runners) runner.feed(samples.subarray(at, at + hopRows * width));
    const seconds = (hop + 1) / hopsPerSecond;
    if (looks.includes(seconds)) for (const runner of runners) runner.look(seconds, hop + 1);
    if (hop + 1 === wholeHops) for (const runner of runners) runner.heardAll();
  }
}

function agreementOf(a: Float32Array, b: Float32Array): Comparison['agreement'] {
  const n = Math.min(a.length, b.length);
  let same = 0;
  let difference = 0;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x >= 0.5 === y >= 0.5) same++;
    difference += Math.abs(x - y);
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  const covariance = sab / n - (sa / n) * (sb / n);
  const spread = Math.sqrt((saa / n - (sa / n) ** 2) * (sbb / n - (sb / n) ** 2));
  return { sameSide: same / n, meanDifference: difference / n, correlation: covariance / spread };
}

/** The table of the comparison, ready to print. */
export function describeComparison({ contestants, agreement }: Comparison): string {
  const looks = contestants[0]!.checkpoints;
  const header = ['cell', ...looks.flatMap(({ seconds }) => [`${seconds} s: µs/hop`, 'bytes/stream'])];
  const rows = contestants.map(({ name, checkpoints }) => [
    name,
    ...checkpoints.flatMap(({ usPerHop, bytes }) => [microseconds(usPerHop), byteSize(bytes)]),
  ]);
  const { sameSide, meanDifference, correlation } = agreement;
  return [
    table([header, ...rows]),
    `ssm and attention twin: same decision on ${(100 * sameSide).toFixed(1)} % of hops, ` +
      `mean difference ${meanDifference.toFixed(3)}, correlation ${correlation.toFixed(3)}`,
  ].join('\n');
}
