// AssemblyScript: the module. One export a kernel; kernel/wasm/simd.ts types them for TypeScript.

export { matmul } from './matmul';
export { multiplyAddPeak } from './peak';
