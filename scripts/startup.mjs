// What a program waits for at its start: fresh processes import the library and compute a first matrix product. Prints
// medians and least values of 15, in milliseconds; the target is 30 for all of it. Usage: npm run startup
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PROCESSES = 15;
const root = fileURLToPath(new URL('..', import.meta.url));

/** In the fresh process: measures and prints. The constructors that compile are timed from outside the library. */
async function measure(url) {
  let compile = 0;
  const timed = (Constructor) =>
    new Proxy(Constructor, {
      construct(target, args) {
        const start = performance.now();
        const made = Reflect.construct(target, args);
        compile += performance.now() - start;
        return made;
      },
    });
  WebAssembly.Module = timed(WebAssembly.Module);
  WebAssembly.Instance = timed(WebAssembly.Instance);
  const begin = performance.now();
  const { backend, matmul, ones } = await import(url);
  const imported = performance.now();
  const { name } = backend();
  const chosen = performance.now();
  const probing = compile;
  const x = ones([128, 128]);
  const made = performance.now();
  compile = 0;
  matmul(x, x);
  const first = performance.now();
  const compiling = compile;
  matmul(x, x);
  const second = performance.now() - first;
  console.log(
    JSON.stringify({
      table: name,
      import: imported - begin,
      'choose the table': chosen - imported - probing,
      'compile the probe': probing,
      'make a tensor': made - chosen,
      'assemble the product, call it': first - made - compiling,
      'compile it': compiling,
      'call it again': second,
      all: first - begin,
    }),
  );
}

function report(title, file) {
  const samples = Array.from({ length: PROCESSES }, () => {
    const child = [fileURLToPath(import.meta.url), pathToFileURL(file).href];
    return JSON.parse(spawnSync(process.execPath, child, { encoding: 'utf8' }).stdout);
  });
  const { table, ...parts } = samples[0];
  console.log(`${title}, table ${table}, Node ${process.versions.node}, ${PROCESSES} processes: median, least`);
  for (const part of Object.keys(parts)) {
    const sorted = samples.map((sample) => sample[part]).sort((a, b) => a - b);
    const figures = [sorted[Math.floor(PROCESSES / 2)], sorted[0]].map((value) => value.toFixed(2).padStart(8));
    console.log(`  ${part.padEnd(30)}${figures.join('')} ms`);
  }
}

const [url] = process.argv.slice(2);
if (url !== undefined) await measure(url);
else {
  report('As Node imports it, few files', join(root, 'dist', 'bundle', 'index.js'));
  report('Module by module', join(root, 'dist', 'src', 'index.js'));
}
