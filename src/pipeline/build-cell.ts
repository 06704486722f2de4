// A model on an engine: a cell of ours, or one that ONNX Runtime answers for; and the stage that either goes into.

import { engineError } from '../base/errors.ts';
import type { AsyncCell, Cell } from '../cell/cell.ts';
import type { ScanOptions } from '../operator/row-results.ts';
import { scanCell } from '../operator/scan-cell/index.ts';
import { scanCellAsync } from '../operator/scan-cell-async/index.ts';
import type { Stage } from '../operator/stage.ts';
import type { Model } from '../weights/tensor.ts';
import { type BuildOptions, buildStack } from './build-stack.ts';

/**
 * @throws ERR_OPTION_INVALID for a window where the engine runs an exported graph, whose window is fixed; else as buildStack
 */
export async function buildCell(model: Model, options: BuildOptions): Promise<Cell | AsyncCell> {
  const { engine, window } = options;
  if (!engine?.openCell) return buildStack(model, options);
  if (window !== undefined) {
    throw engineError('ERR_OPTION_INVALID', `window cannot be set on the engine ${engine.name}`, {
      expected: 'the window that the model was trained with, or another engine',
    });
  }
  return engine.openCell(model);
}

/** scanCell, or scanCellAsync for a cell that answers later. */
export function cellStage(cell: Cell | AsyncCell, options: ScanOptions): Stage {
  return 'run' in cell ? scanCellAsync(cell, options) : scanCell(cell, options);
}
