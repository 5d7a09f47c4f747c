/** Programs with sparse kernels of the five networks, and what explain says of them. */
import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { isSparse } from '../../src/graph/encoding.ts';
import { explain, type Network, prune, toDense, toSparse } from '../../src/index.ts';
import { compileNetwork, type SparseUse } from '../../src/infer/index.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';
import { values } from './tools.ts';

const tables: Readonly<Record<string, Kernels>> = { cpu, wasm: wasm() };

describe.each(Object.keys(FIVE))('sparse programs of %s', (name) => {
  const model = trained(name);
  const pruned = prune(model, { sparsity: 0.8, pattern: 'panels', scope: 'layer' });
  const x = Float32Array.from(values(tenClasses(model, 3, 7)[0]));
  const run = (network: Network, batch: number, kernels: Kernels, sparse: SparseUse): number[] => {
    const program = compileNetwork(network, batch, kernels, { sparse });
    const y = program.run(x.slice(0, (x.length / 3) * batch), batch) as unknown as Float32Array;
    program.dispose();
    return Array.from(y);
  };

  test.each(['columns', 'quads', 'panels'] as const)('give the bits of dense ones: %s', (pattern) => {
    const network = toSparse(pruned, { pattern });
    expect([...network.weights.values()].some(({ encoding }) => isSparse(encoding))).toBe(true);
    for (const kernels of Object.values(tables))
      for (const batch of [1, 3]) {
        const wanted = run(toDense(network), batch, kernels, 'measured');
        for (const use of ['always', 'never', 'measured'] as const)
          expect(run(network, batch, kernels, use), `${use} ${batch}`).toEqual(wanted);
      }
  });

  test('are explained layer by layer', () => {
    const network = toSparse(pruned, { pattern: 'panels' });
    const { layers } = explain(network, { batchSize: 1, table: tables.wasm! });
    const sparse = layers.filter(({ pattern }) => pattern === 'panels');
    expect(sparse).not.toEqual([]);
    for (const { held, dense, sparse: panels, taken, why } of sparse) {
      expect(held).toBeLessThan(1);
      expect([dense, panels].every((time) => time! > 0)).toBe(true);
      expect(taken).toBe(panels! < dense! ? 'sparse' : 'dense');
      expect(why).toMatch(/^(panels|all numbers) measured [\d.]+ times as fast$/);
    }
    for (const { pattern, taken } of layers) if (pattern === null) expect(taken).toBe('dense');
  });
});
