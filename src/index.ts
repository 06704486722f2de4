// The library's public door: what an application needs to run a stream through a pipeline of its own or of the package.
// Cells and operators have doors of their own: millrace/cell/<kind>, millrace/operator/<name>; the network client: millrace/client.

export { systemClock } from './app/clock.ts';
export { type RunningServer, type ServeSettings, startServer } from './app/commands/serve.ts';
export { createOpenPipeline, openPackagedModel } from './app/open-pipeline.ts';
export { EngineError, ERROR_CODES, type ErrorCode } from './base/errors.ts';
export { type Clock, type Micros, micros, type StreamId, streamId } from './base/units.ts';
export type { AsyncCell, Cell } from './cell/cell.ts';
export { f32, f64, type Layout, makeState, restoreState, type State, stateBytes, u32 } from './cell/state.ts';
export type { Chunk, Detection, Forecast, Gap, GapCause, Item, Mark, ResultItem, Span } from './item/item.ts';
export type { Snapshot } from './item/snapshot.ts';
export { buildTokenModel, type TokenModel } from './model/token-model.ts';
export { makeStage } from './operator/make-stage.ts';
export type { Stage, StreamContext } from './operator/stage.ts';
export { buildStack } from './pipeline/build-stack.ts';
export { type LoadedPipeline, loadPipeline } from './pipeline/connect.ts';
export { definePipeline, type Pipeline, type PipelineInput, type StreamFormat } from './pipeline/define-pipeline.ts';
export type { OptionSpec, OptionValues } from './pipeline/options.ts';
export { Session } from './session/session.ts';
export type { Output, SessionOptions, SessionSummary } from './session/session-options.ts';
export { openModel } from './weights/open-model.ts';
export type { Model, Tensor, Weights } from './weights/tensor.ts';
export { decodeSnapshot, encodeSnapshot } from './wire/snapshot-codec.ts';
