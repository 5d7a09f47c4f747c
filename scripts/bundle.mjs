// Joins the compiled modules into few files for Node, Deno and Bun, where opening a hundred modules takes longer than all
// that they do at first: package.json's "node" conditions name them. Bundlers and pages get the modules one by one, and
// take what they use. Run by `npm run build`, after the compiler.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const input = { worker: join(root, 'dist/src/threads/worker.js') };
for (const { node, default: file } of Object.values(exports)) {
  if (node !== undefined) input[/([^/]+)\.js$/.exec(node)[1]] = join(root, file);
}
const dir = join(root, 'dist/bundle');
rmSync(dir, { recursive: true, force: true });
const bundle = await rolldown({ input, external: /^(node:|gpu\.js$)/, logLevel: 'warn' });
// What nearly every entry needs is one file: opening more takes longer (npm run startup).
const codeSplitting = {
  groups: [
    { name: 'base', test: /dist[\\/](src[\\/]base|kernels[\\/](errors|arrays|calls))/ },
    { name: 'graph', test: /dist[\\/]src[\\/](graph|infer)[\\/](?!index)/ },
  ],
};
await bundle.write({
  dir,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'shared-[name].js',
  codeSplitting,
  comments: false, // they are in the modules; without them a program starts sooner
});
await bundle.close();
