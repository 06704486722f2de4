// The manifest of Silero VAD 5 and 6 (https://github.com/snakers4/silero-vad, MIT), as an example and for comparisons.
// The model file itself is not part of this package; npm's `@ricky0123/vad-web` carries it.

/**
 * config.json for a folder with the Silero graph: 512 samples at 16 kHz in (32 ms), one speech probability out. The graph
 * wants the last 64 samples of the hop before in front of each hop, as upstream's own wrapper feeds it.
 */
export const sileroManifest = {
  model_type: 'onnx',
  onnx: {
    file: 'silero_vad_v5.onnx',
    input: { name: 'input', shape: [1, 576], rows: 512, width: 1, context: 64 },
    output: { name: 'output', width: 1 },
    states: [{ in: 'state', out: 'stateN', shape: [2, 1, 128] }],
    constants: [{ name: 'sr', dtype: 'int64', value: 16_000, shape: [] }],
    batch: 32,
  },
} as const;
