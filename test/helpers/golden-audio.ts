// The synthetic two seconds that the training code put beside each model, with its own features and outputs.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSafetensors } from '../../src/weights/safetensors.ts';
import { ROOT } from '../arch/imports.ts';

/** Tensors of models/<name>/golden.safetensors by name, widened to float64. */
export async function readModelGolden(name: string): Promise<(tensor: string) => Float64Array> {
  const tensors = parseSafetensors(await readFile(join(ROOT, 'models', name, 'golden.safetensors')));
  return (tensor) => {
    const found = tensors.get(tensor);
    if (!found) throw new Error(`no tensor ${tensor} in the golden file of ${name}`);
    return Float64Array.from(found.data, Number);
  };
}
