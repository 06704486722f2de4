// A language model from a checkpoint folder: token ids in, logits out, one row at a time, the state a stream's own. Picks
// the family by config.json's model_type; what is particular to one is in families/. docs/checkpoints.md says what is
// proven how. Not a tokenizer: ids come from the caller.

import { assert } from '../base/assert.ts';
import { engineError } from '../base/errors.ts';
import type { Cell } from '../cell/cell.ts';
import { configReader } from '../weights/config-reader.ts';
import { cut, shown } from '../weights/shown.ts';
import type { Model } from '../weights/tensor.ts';
import { falconMamba } from './families/falcon-mamba.ts';
import { jamba } from './families/jamba.ts';
import { jetmoe } from './families/jetmoe.ts';
import { llama } from './families/llama.ts';
import { mamba } from './families/mamba.ts';
import { mamba2 } from './families/mamba2.ts';
import { mistral } from './families/mistral.ts';
import { qwen3Next } from './families/qwen3-next.ts';
import { recurrentGemma } from './families/recurrent-gemma.ts';
import { rwkv } from './families/rwkv.ts';
import type { Family, FamilyBody, LayerInfo, TokenModelOptions } from './family.ts';
import { usedWeights } from './used-weights.ts';

export interface TokenModel {
  /** config.json's model_type. */
  readonly type: string;
  readonly vocabSize: number;
  readonly dModel: number;
  /** dIn = dModel: an embedding row; dOut = vocabSize: logits. */
  readonly cell: Cell;
  readonly layers: readonly LayerInfo[];
  /** Elements of all tensors in use; a head tied to the embedding counts once. */
  readonly parameters: number;
  /** Rows a stream may have: the declared context of full attention; Infinity without. */
  readonly rowsMax: number;
  /** The embedding row of a token into x [dModel], scaled where the family scales it. @throws ERR_OPTION_INVALID */
  embed(id: number, x: Float32Array): void;
  /** Bytes of keys and values after `rows` rows, were the context unbounded: 0 without attention. */
  kvBytesAt(rows: number): number;
  /** The same model layer by layer: cell i leads from upstream's hidden_states[i - 1] (0: the embedding row) to [i]. */
  readonly hidden: readonly Cell[];
}

/** By model_type, as config.json has it. */
const FAMILIES: Readonly<Record<string, Family>> = {
  falcon_mamba: falconMamba,
  jamba,
  jetmoe,
  llama,
  mamba,
  mamba2,
  mistral,
  qwen3_next: qwen3Next,
  recurrent_gemma: recurrentGemma,
  rwkv,
};

/** Rotation tables of older writers, and the extra head of Qwen3-Next that predicts a second token. */
const NOT_PARAMETERS = /\.rotary_emb\.inv_freq$|^mtp\./;

/**
 * @throws ERR_CONFIG_INVALID for a model_type without a family, a value that makes no sense, or tensors that the config has
 * no place for; ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE, ERR_WEIGHTS_NOT_FINITE naming the tensor
 */
export function buildTokenModel(model: Model, options: TokenModelOptions = {}): TokenModel {
  const config = configReader(model);
  const type = config.text('model_type');
  const family = Object.hasOwn(FAMILIES, type) ? FAMILIES[type] : undefined;
  if (!family) {
    throw engineError('ERR_CONFIG_INVALID', `model ${model.name} has model_type ${shown(type)}`, {
      expected: `one of: ${Object.keys(FAMILIES).join(', ')}`,
    });
  }
  const { weights, parameters, unused } = usedWeights(model.weights);
  const { embedding, embeddingScale, kv, ...body } = family(weights, config, options);
  refuseUnused(unused().filter((name) => !NOT_PARAMETERS.test(name)));
  return {
    type,
    ...body,
    parameters: parameters(),
    embed: embedFrom({ ...body, embedding, embeddingScale }),
    rowsMax: Math.min(...kv.map(({ contextRows }) => contextRows)),
    kvBytesAt: (rows) => kv.reduce((sum, { bytesPerRow, window }) => sum + bytesPerRow * Math.min(rows, window), 0),
  };
}

function refuseUnused(names: readonly string[]): void {
  if (names.length === 0) return;
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  throw engineError('ERR_CONFIG_INVALID', `tensor ${cut(names[0]!)}${more} would not be used`, {
    expected: 'a config.json with a place for every tensor of the weights',
  });
}

type Embedding = Pick<FamilyBody, 'embedding' | 'embeddingScale' | 'dModel' | 'vocabSize'>;

function embedFrom({ embedding, embeddingScale, dModel, vocabSize }: Embedding): TokenModel['embed'] {
  return (id, x) => {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw engineError('ERR_OPTION_INVALID', `token id ${id}`, {
        expected: `a whole number from 0 to ${vocabSize - 1}`,
      });
    }
    assert(x.length === dModel, 'an embedding row is dModel wide');
    for (let i = 0, from = id * dModel; i < dModel; i++) x[i] = embeddingScale * embedding[from + i]!;
  };
}
