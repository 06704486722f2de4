// The states of a golden file beside the state of a stream, as the stream goes on: which of them can be compared, and how
// far off they are. Names that several times share (kv.layers.0.k@7, @12) become one.

import type { State } from '../../cell/state.ts';
import type { RawTensor } from '../../weights/safetensors.ts';
import { type ErrorMeter, errorMeter } from './error-meter.ts';
import { stateMapping } from './state-mapping.ts';

export type Run = 'full' | 'step';

export interface GoldenStates {
  /** The state of sequence `b` of a run after row `t`. */
  observe(run: Run, at: State['at'], b: number, t: number): void;
  /** [name without precision, its meter]. */
  meters(): ReadonlyMap<string, ErrorMeter>;
}

interface Probe {
  readonly run: Run;
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
  /** Where the numbers of sequence b after row t begin, or -1 when there are none. */
  offset(b: number, t: number): number;
  readonly name: string;
  readonly size: number;
}

export function goldenStates(
  golden: ReadonlyMap<string, RawTensor>,
  precision: string,
  sequences: number,
  rows: number,
): GoldenStates {
  const probes = [...golden].flatMap(([name, tensor]) => probeOf(name, tensor, precision, sequences, rows) ?? []);
  const meters = new Map(probes.map(({ run, name }) => [`${run}/${name}`, errorMeter()]));
  return {
    observe(run, at, b, t) {
      for (const probe of probes) {
        const from = probe.run === run ? probe.offset(b, t) : -1;
        if (from < 0) continue;
        const read = stateMapping(probe.name.replace(/^(state|kv)\./, ''), probe.shape, at);
        const meter = meters.get(`${run}/${probe.name}`)!;
        for (let i = 0; read && i < probe.size; i++) {
          const kept = read(at, i, t);
          if (kept !== undefined) meter.add(kept, probe.data[from + i]!);
        }
      }
    },
    meters: () => meters,
  };
}

function probeOf(
  key: string,
  tensor: RawTensor,
  precision: string,
  sequences: number,
  rows: number,
): Probe | undefined {
  const [, found, run, name, , at] = /^(\w+)\/(full|step)\/((state|kv)\.[^@]+)(?:@(\d+))?$/.exec(key) ?? [];
  if (found !== precision || name === undefined || tensor.data instanceof BigInt64Array) return undefined;
  const everyRow = run === 'step' && at === undefined;
  const [lead, shape] = everyRow ? [[rows, sequences], tensor.shape.slice(2)] : [[sequences], tensor.shape.slice(1)];
  if (lead.some((size, axis) => tensor.shape[axis] !== size)) return undefined;
  const size = shape.reduce((product, length) => product * length, 1);
  const when = at === undefined ? rows - 1 : Number(at);
  return {
    run: run as Run,
    name,
    data: tensor.data,
    shape,
    size,
    offset: (b, t) => (everyRow ? (t * sequences + b) * size : t === when ? b * size : -1),
  };
}
