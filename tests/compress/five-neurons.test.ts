/** Pruning of neurons and channels in the five networks, by what weights alone tell; and neurons that died there. */
import { beforeAll, describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { Channels } from '../../src/graph/channels.ts';
import { Network } from '../../src/graph/network.ts';
import { digest, foldConstants, type Model, networkCost, pruneNeurons, shrink, toNetwork } from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { inputsFor } from '../graph/random-networks.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';

const tables = { reference, wasm: wasm() };

/** What a network gives, signed zeros aside. */
function outputsOf(network: Network, kernels = tables.reference): number[] {
  const program = compileNetwork(network, 3, kernels);
  const [y] = program.run(inputsFor(network, 3, 5), 3).map((output) => Array.from(output, (value) => value + 0));
  program.dispose();
  return y!;
}

const widths = (network: Network): Map<string, number> =>
  new Map([...new Channels(network).makers].map(([name, ids]) => [name, ids.length]));

/** The network in which every third neuron that may go has weights of 0, and biases (betas) of this size. */
function withDead(network: Network, size: number): Network {
  const weights = new Map([...network.weights].map(([key, weight]) => [key, structuredClone(weight)]));
  const sets = [...new Channels(network).removable().values()].filter((_, i) => i % 3 === 0);
  for (const slices of sets)
    for (const { key, axis, index, part } of slices) {
      const isBias = part === 'carries' && /bias$|beta$/.test(key);
      if (part !== 'makes' && !isBias) continue;
      const { shape, encoding } = weights.get(key)!;
      const inner = shape.slice(shape.length + axis + 1).reduce((n, m) => n * m, 1);
      const n = shape.at(axis)!;
      encoding.values.forEach((_, i) => {
        if (Math.floor(i / inner) % n === index) encoding.values[i] = isBias ? size : 0;
      });
    }
  return new Network({ ...network, weights });
}

describe.each(Object.keys(FIVE))('%s', (name) => {
  let model: Model;
  beforeAll(() => {
    model = trained(name);
  });

  test.each(['magnitude', 'flow', 'random'] as const)(
    'loses neurons by %s as if they were masked, and masked and shrunk is removed',
    (criterion) => {
      for (const options of [
        { criterion, amount: 0.4, scope: 'layer' },
        { criterion, amount: 0.3, scope: 'global', seed: 8 },
      ] as const) {
        const before = digest(model);
        const direct = pruneNeurons(model, options);
        const masked = pruneNeurons(model, { ...options, mask: true });
        expect(digest(shrink(masked))).toBe(digest(direct));
        for (const kernels of options.scope === 'layer' ? Object.values(tables) : [tables.reference])
          expect(outputsOf(toNetwork(masked), kernels)).toEqual(outputsOf(toNetwork(direct), kernels));
        expect(pruneNeurons(toNetwork(model), { seed: model.seed, ...options })).toEqual(toNetwork(direct));
        const left = widths(toNetwork(direct));
        expect([...widths(toNetwork(model))].filter(([layer, n]) => left.get(layer)! < n).length).toBeGreaterThan(
          options.scope === 'layer' ? 1 : 0,
        );
        expect(Math.min(...left.values())).toBeGreaterThan(0);
        if (options.scope === 'layer') direct.fit(...tenClasses(direct), { epochs: 1 });
        expect(digest(model)).toBe(before);
      }
    },
  );

  test('what dead neurons made of their biases is folded, and they go', () => {
    const dying = withDead(toNetwork(model), 0.4);
    const wanted = outputsOf(dying);
    const others = outputsOf(withDead(toNetwork(model), 0));
    expect(Math.max(...others.map((y, i) => Math.abs(y - wanted[i]!)))).toBeGreaterThan(1e-3);
    const before = networkCost(dying).parameters;
    // The shared convolution reads zeros around a constant, so that no bias can stand for it
    if (name.startsWith('residual')) expect(networkCost(shrink(dying)).parameters).toBe(before);
    else expect(networkCost(shrink(dying)).parameters).toBeLessThan(0.99 * before);
    for (const made of [foldConstants(dying), shrink(dying)]) {
      outputsOf(made).forEach((y, i) => {
        expect(Math.abs(y - wanted[i]!)).toBeLessThan(1e-5);
      });
    }
  });
});
