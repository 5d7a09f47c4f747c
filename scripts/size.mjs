// How many bytes the library adds to a page: bundled, minified and gzipped, against budgets. Usage: npm run size
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const wasmFolder = join(dist, 'kernels', 'wasm');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Bytes gzipped that an entry point may have at most. The aim for the main one, 60,000, is not reached. */
const BUDGETS = { 'whittle-ml': 65_500, 'whittle-ml/infer': 8_000, 'whittle-ml/gpu': 53_000 };
/** And what the WebAssembly table may add to `whittle-ml`. */
const WASM_BUDGET = 15_000;

/** An optional peer, which `whittle-ml/gpu` loads when it is asked to. No other entry point may name it. */
const GPU_JS = 'gpu.js';

/** All entry points but `whittle-ml/node`, which is for no page. */
const entries = Object.entries(exports)
  .filter(([name, { default: file }]) => name !== './node' && file !== undefined)
  .map(([name, { default: file }]) => [`whittle-ml${name.slice(1)}`, join(root, file)]);

/** The program that imports and uses everything from some files. */
const everythingOf = (files) => ({
  name: 'everything',
  resolveId: (id) => (id === 'everything' ? id : null),
  load: (id) =>
    id === 'everything'
      ? files.map((file, i) => `export * as part${i} from ${JSON.stringify(file)};`).join('\n')
      : null,
});

/** Leaves kernels/wasm out: what is imported from there does nothing. */
const withoutWasm = {
  name: 'without-wasm',
  async load(id) {
    if (!id.startsWith(wasmFolder)) return null;
    const names = Object.keys(await import(pathToFileURL(id).href));
    return names.map((name) => `export const ${name} = () => null;`).join('\n');
  },
};

/** What a bundle of everything in `files` weighs, and the names of packages in it or wanted by it. */
async function bundled(files, plugins = []) {
  const bundle = await rolldown({
    input: 'everything',
    external: GPU_JS,
    plugins: [everythingOf(files), ...plugins],
    logLevel: 'warn',
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  const foreign = output.flatMap(({ imports = [], dynamicImports = [], moduleIds = [] }) => [
    ...imports,
    ...dynamicImports,
    ...moduleIds.filter((id) => id !== 'everything' && !id.includes('rolldown/runtime') && !id.startsWith(dist)),
  ]);
  const code = output.map(({ code: text = '' }) => text).join('\n');
  return { bytes: gzipSync(code, { level: 9 }).length, foreign };
}

const [, main] = entries.find(([name]) => name === 'whittle-ml');
const rows = [];
const strangers = [];
for (const [name, file] of entries) {
  const { bytes, foreign } = await bundled([file]);
  const allowed = name === 'whittle-ml/gpu' ? [GPU_JS] : [];
  strangers.push(...foreign.filter((id) => !allowed.includes(id)).map((id) => `${name} pulls in ${id}`));
  rows.push([name, bytes, BUDGETS[name]]);
  if (file !== main) continue;
  const without = await bundled([file], [withoutWasm]);
  rows.push(['  of it WebAssembly', bytes - without.bytes, WASM_BUDGET]);
}
rows.push(['all of these together', (await bundled(entries.map(([, file]) => file))).bytes]);
for (const [name, bytes, budget] of rows) {
  const limit = budget === undefined ? '' : `, ${bytes > budget ? 'MORE THAN' : 'at most'} ${budget}`;
  console.log(`${name.padEnd(24)}${String(bytes).padStart(6)} bytes${limit}`);
}
const exceeded = rows.filter(([, bytes, budget]) => bytes > budget).length;
console.log(
  strangers.length === 0 ? `no package in them; ${GPU_JS} is wanted by whittle-ml/gpu alone` : strangers.join('\n'),
);
console.log(exceeded === 0 ? 'size: within the budgets' : `size: ${exceeded} over budget`);
process.exitCode = exceeded === 0 && strangers.length === 0 ? 0 : 1;
