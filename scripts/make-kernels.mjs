// Compiles src/kernel/simd (AssemblyScript) twice and writes the bytes as TypeScript modules, so that Node, browsers and
// bundlers load them without a file or a fetch: src/kernel/wasm/bytes/{portable,relaxed}.ts, which git ignores.

import { mkdirSync, readFileSync, rmSync, statSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src/kernel/simd');
const out = join(root, 'src/kernel/wasm/bytes');
const VARIANTS = { portable: ['simd'], relaxed: ['simd', 'relaxed-simd'] };

const newest = (folder) => Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs));
const made = (name) => statSync(join(out, `${name}.ts`), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const inputs = Math.max(newest(sources), statSync(fileURLToPath(import.meta.url)).mtimeMs);

mkdirSync(out, { recursive: true });
for (const [name, features] of Object.entries(VARIANTS)) {
  if (made(name) > inputs) continue;
  const { main } = await import('assemblyscript/asc');
  const wasm = join(out, `${name}.wasm`);
  const flags = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--noExportMemory'];
  const enabled = features.flatMap((feature) => ['--enable', feature]);
  const { error, stderr } = await main([join(sources, 'index.ts'), ...flags, ...enabled, '--outFile', wasm]);
  if (error) {
    process.stderr.write(`${stderr.toString()}\n${error.message}\n`);
    process.exit(1);
  }
  const bytes = readFileSync(wasm);
  rmSync(wasm);
  const text = `// Made by scripts/make-kernels.mjs from src/kernel/simd: ${bytes.length} bytes of WebAssembly. Do not edit.\nexport const BYTES =\n  '${bytes.toString('base64')}';\n`;
  writeFileSync(join(out, `${name}.ts`), text);
}
