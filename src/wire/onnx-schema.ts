// ONNX models as bytes: proto/onnx.proto through protobufjs. Only what an exported step graph needs; what the graphs are
// is src/model/export's business.

import protobuf from 'protobufjs/light.js';
import { ONNX_DESCRIPTOR_JSON } from './onnx-descriptor.ts';

export interface OnnxAttribute {
  readonly name: string;
  readonly type: 'INT' | 'INTS' | 'STRING';
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly ints?: readonly number[];
}
export interface OnnxNode {
  readonly op_type: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** 1: float32, 7: int64. */
  readonly data_type: number;
  readonly raw_data: Uint8Array;
}
/** A float32 graph input or output; a text dimension is free. */
export interface OnnxPort {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}
export interface OnnxGraph {
  readonly name: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly OnnxPort[];
  readonly output: readonly OnnxPort[];
}

const IR_VERSION = 8;
/** Opset 17: what ONNX Runtime 1.14 and later run, and the last one before ReduceSum's neighbours changed their inputs. */
const OPSET = 17;
const FLOAT = 1;

/** The graph as the bytes of a ModelProto. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  const root = protobuf.Root.fromJSON(JSON.parse(ONNX_DESCRIPTOR_JSON) as protobuf.INamespace);
  const type = root.lookupType('onnx.ModelProto');
  const port = ({ name, dims }: OnnxPort) => ({
    name,
    type: {
      tensor_type: {
        elem_type: FLOAT,
        shape: { dim: dims.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size })) },
      },
    },
  });
  const model = {
    ir_version: IR_VERSION,
    producer_name: 'millrace',
    opset_import: [{ domain: '', version: OPSET }],
    graph: { ...graph, input: graph.input.map(port), output: graph.output.map(port) },
  };
  return type.encode(type.fromObject(model)).finish();
}
