import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const kernels = new URL('../../../dist/kernels/index.js', import.meta.url).href;

/**
 * Products of many shapes on the relaxed table: how many cells there are, how many lie beyond k·2⁻²⁴·|A||B|, the bound of
 * float32 sums in any order with a rounding left out or not (Higham 2002, section 3.5), how many differ from the
 * reference's bits, and how many of the exact table's do, which is made beside it. In a process of its own, since Node 20 has relaxed SIMD behind an option.
 */
const program = `
const { wasm, wasmSupport, reference } = await import(${JSON.stringify(kernels)});
if (!wasmSupport().relaxed) { console.log('none'); process.exit(0); }
const relaxed = wasm({ relaxed: true });
const table = wasm(); // beside it, made after it
if (wasm({ relaxed: true }) !== relaxed || table === relaxed || table.heap !== relaxed.heap) process.exit(1);
let [cells, beyond, differ, inexact] = [0, 0, 0, 0];
for (const [m, n, k] of [[1, 1, 1], [3, 17, 5], [32, 64, 100], [33, 70, 257], [70, 15, 300], [128, 260, 64], [5, 300, 40]]) {
  const random = Uint32Array.of(7, 0, m, n);
  const [a, b, bias] = [m * k, k * n, n].map((size) => { const x = new Float32Array(size); reference.normal(size, random, x); random[3]++; return x; });
  for (const [transA, transB] of [[false, false], [true, false], [false, true], [true, true]]) {
    const [c, exact] = [new Float32Array(m * n).fill(NaN), new Float32Array(m * n)];
    relaxed.gemm(m, n, k, a, transA, b, transB, bias, 'linear', c);
    reference.gemm(m, n, k, a, transA, b, transB, bias, 'linear', exact);
    const beside = new Float32Array(m * n);
    table.gemm(m, n, k, a, transA, b, transB, bias, 'linear', beside);
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) {
      let [sum, size] = [bias[j], Math.abs(bias[j])];
      for (let p = 0; p < k; p++) {
        const term = a[transA ? p * m + i : i * k + p] * b[transB ? j * k + p : p * n + j];
        sum += term; size += Math.abs(term);
      }
      cells++;
      if (!(Math.abs(c[i * n + j] - sum) <= (k + 2) * 2 ** -24 * size)) beyond++;
      if (c[i * n + j] !== exact[i * n + j]) differ++;
      if (beside[i * n + j] !== exact[i * n + j]) inexact++;
    }
  }
}
console.log(JSON.stringify({ cells, beyond, differ, inexact }));
`;

const run = (...options: string[]): string =>
  execFileSync(process.execPath, [...options, '--input-type=module', '-e', program], { encoding: 'utf8' }).trim();

test('the relaxed table keeps to the error bound of sums in any order, and the exact one beside it to the bits', () => {
  const [major] = process.versions.node.split('.').map(Number) as [number];
  const printed = run(...(major < 22 ? ['--experimental-wasm-relaxed-simd'] : []));
  const { cells, beyond, inexact } = JSON.parse(printed) as Record<string, number>;
  expect(cells).toBeGreaterThan(100_000);
  expect(beyond).toBe(0);
  expect(inexact).toBe(0);
});

test('where relaxed SIMD is missing, asking for it is an error that says so, and the exact table is there', () => {
  const script = `const { wasm } = await import(${JSON.stringify(kernels)}); try { wasm({ relaxed: true }); console.log('made'); } catch (e) { console.log(e.message, typeof wasm().gemm); }`;
  const printed = execFileSync(
    process.execPath,
    ['--no-experimental-wasm-relaxed-simd', '--input-type=module', '-e', script],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) },
  ).trim();
  expect(printed).toBe('wasm: this runtime has no relaxed SIMD function');
});
