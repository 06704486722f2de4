// millrace export --onnx: a model folder as an ONNX step graph with explicit state, for other runners or for cell/onnx.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { exportOnnx } from '../../model/export/export-onnx.ts';
import { openModel } from '../../weights/open-model.ts';
import { byteSize, print } from '../print.ts';

export function addExport(program: Command): void {
  program
    .command('export')
    .description('write a model as an ONNX step graph')
    .argument('<folder>', 'a model folder: config.json and model.safetensors')
    .requiredOption('--onnx <folder>', 'where model.onnx and its manifest config.json go')
    .action(async (folder: string, { onnx: target }: { onnx: string }) => {
      const { onnx, config } = exportOnnx(await openModel(folder));
      await mkdir(target, { recursive: true });
      await writeFile(join(target, 'model.onnx'), onnx);
      await writeFile(join(target, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
      print(
        `${join(target, 'model.onnx')}: ${byteSize(onnx.length)}, opset 17, states past_state.* and present_state.*`,
      );
    });
}
