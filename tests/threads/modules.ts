import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What the worker and the tests start from; of other modules' exports those are left that another one uses. */
const entries = [
  'kernels/index.ts',
  'kernels/wasm/engine.ts',
  'kernels/wasm/gemm-f32.ts',
  'kernels/wasm/wasm.ts',
  'src/threads/index.ts',
  'src/threads/protocol.ts',
  'src/threads/worker.ts',
];

/** Writes the sources to `folder` as JavaScript, module by module: workers of Node 20 start from nothing else. */
export async function writeModules(folder: string): Promise<void> {
  const bundle = await rolldown({
    input: entries.map((path) => join(root, path)),
    external: /^node:/,
    logLevel: 'silent',
  });
  await bundle.write({
    dir: folder,
    format: 'esm',
    preserveModules: true,
    preserveModulesRoot: root,
    entryFileNames: '[name].js',
  });
  await bundle.close();
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}
