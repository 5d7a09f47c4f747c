// Joins the compiled modules into few files. Run by `npm run build`, after the compiler.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
// Without this every module is named with the folder that it was made in, and two builds differ.
const SETTINGS = { logLevel: 'warn', experimental: { attachDebugInfo: 'none' } };
const { exports, name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * For Node, Deno and Bun, where opening a hundred modules takes longer than all that they do at first: package.json's "node"
 * conditions name these files. Bundlers get the modules one by one, and take what they use. `folder` is what becomes dist.
 */
export async function bundle(folder) {
  const input = {
    worker: join(folder, 'src/threads/worker.js'),
    'trial-worker': join(folder, 'src/pareto/trial-worker.js'),
  };
  for (const { node, default: file } of Object.values(exports)) {
    if (node !== undefined) input[/([^/]+)\.js$/.exec(node)[1]] = join(folder, file.replace('./dist/', ''));
  }
  const joined = await rolldown({ ...SETTINGS, input, external: /^(node:|gpu\.js$)/ });
  // What nearly every entry needs is one file: opening more takes longer (npm run startup).
  const codeSplitting = {
    groups: [
      { name: 'base', test: /[\\/](src[\\/]base|kernels[\\/](errors|arrays|calls))/ },
      { name: 'graph', test: /[\\/]src[\\/](graph|infer)[\\/](?!index)/ },
    ],
  };
  await joined.write({
    dir: join(folder, 'bundle'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name].js',
    codeSplitting,
    comments: false, // they are in the modules; without them a program starts sooner
  });
  await joined.close();
}

/** The entry points that the files for pages without a bundler hold beside the main one, each under its name. */
const SPACES = ['data', 'io', 'infer', 'kernels'];

/** For pages without a bundler: all in one minified file, as a module, and as a script that makes a global `whittle`. */
export async function minify(folder) {
  const whole = (from) =>
    [
      `export * from '${from}/src/index.js';`,
      ...SPACES.map((space) => {
        const path = exports[`./${space}`].default.replace('./dist', from);
        return `export * as ${space} from '${path}';`;
      }),
    ].join('\n');
  const input = join(folder, 'whole.js');
  const plugin = {
    name: 'whole',
    load: (id) => (id === input ? whole('.') : null),
    resolveId: (id) => (id === input ? id : null),
  };
  // No file of workers is beside these, and a script has no address: compress() asks for that of the workers' file
  const transform = { define: { 'import.meta.url': 'undefined' } };
  const joined = await rolldown({ ...SETTINGS, input, plugins: [plugin], transform });
  const banner = `/*! ${name} ${version}, MIT licence */`;
  const common = { minify: true, codeSplitting: false, comments: false, postBanner: banner };
  await joined.write({ ...common, file: join(folder, 'whittle.esm.min.js'), format: 'esm' });
  await joined.write({ ...common, file: join(folder, 'whittle.min.js'), format: 'iife', name: 'whittle' });
  await joined.close();
  writeFileSync(join(folder, 'whittle.min.d.ts'), `${whole('.')}\nexport as namespace whittle;\n`);
}
