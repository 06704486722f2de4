// Fields of config.json that families share, with the bounds within which a model is believed: sizes are checked here,
// before anything is allocated by them.

import type { ConfigReader } from '../weights/config-reader.ts';
import type { TokenModelOptions } from './family.ts';

/** Four times the widest published model, 65,536; a vocabulary of 262,144 is the largest there is. */
export const WIDTH_MAX = 65_536;
const VOCABULARY_MAX = 4_194_304;
const LAYERS_MAX = 1_000;
export const CONTEXT_ROWS_MAX = 16_777_216;

export interface Sizes {
  readonly dModel: number;
  readonly vocabSize: number;
  readonly layers: number;
}

export function readSizes(config: ConfigReader): Sizes {
  return {
    dModel: config.integer('hidden_size', { max: WIDTH_MAX }),
    vocabSize: config.integer('vocab_size', { max: VOCABULARY_MAX }),
    layers: config.integer('num_hidden_layers', { max: LAYERS_MAX }),
  };
}

/** A size that is no wider than models are: heads, states, experts, taps. */
export function readWidth(config: ConfigReader, field: string, fallback?: number): number {
  return config.integer(field, { max: WIDTH_MAX, ...(fallback !== undefined && { fallback }) });
}

/** The constant under the root of a norm. */
export function readEps(config: ConfigReader, field: string, fallback?: number): number {
  const eps = config.number(field, fallback);
  if (!(eps > 0 && eps < 1)) throw config.wrong(field, 'a number between 0 and 1');
  return eps;
}

export interface Rope {
  readonly theta: number;
  /** Part of each head that is rotated. */
  readonly rotaryFactor: number;
}

/**
 * Rotary positions as either generation of config.json writes them: `rope_theta` and `rope_scaling`, or `rope_parameters`.
 * Stretched rotations (llama3, yarn, linear, ...) are refused: the attention cell has none.
 */
export function readRope(config: ConfigReader, fallback: Rope): Rope {
  for (const field of ['rope_scaling', 'rope_parameters']) {
    if (!config.has(field)) continue;
    const rope = config.section(field);
    rope.oneOf(rope.has('type') && !rope.has('rope_type') ? 'type' : 'rope_type', ['default'], 'default');
  }
  const field = (name: string, otherwise: number): number => {
    const rope = config.has('rope_parameters') ? config.section('rope_parameters') : config;
    return (rope.has(name) ? rope : config).number(name, otherwise);
  };
  const theta = field('rope_theta', fallback.theta);
  if (!(theta > 0)) throw config.wrong('rope_theta', 'a positive number');
  return { theta, rotaryFactor: field('partial_rotary_factor', fallback.rotaryFactor) };
}

export interface Context {
  readonly window: number;
  readonly whenFull: 'slide' | 'refuse';
}

/** How many rows attention sees: the model's sliding window, or the whole declared context, after which it refuses. */
export function readContext(config: ConfigReader, options: TokenModelOptions, sliding?: number): Context {
  const own = config.has('max_position_embeddings')
    ? config.integer('max_position_embeddings', { max: CONTEXT_ROWS_MAX })
    : sliding;
  const rows = options.contextRows ?? own;
  if (rows === undefined || !(Number.isSafeInteger(rows) && rows >= 1 && rows <= CONTEXT_ROWS_MAX)) {
    throw config.wrong('max_position_embeddings', `rows of context, from 1 to ${CONTEXT_ROWS_MAX}`);
  }
  // A stream that ends before the window is full needs no wider one.
  const slides = sliding !== undefined && (options.contextRows === undefined || sliding <= options.contextRows);
  return slides ? { window: sliding, whenFull: 'slide' } : { window: rows, whenFull: 'refuse' };
}
