import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { Channels, withoutChannels } from '../../src/graph/channels.ts';
import { valuesOf } from '../../src/graph/check.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { Network } from '../../src/graph/network.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { Draw } from '../kernels/draw.ts';
import { Drawn, inputsFor, valuesByNode } from './random-networks.ts';
import { drawnWiring } from './random-wirings.ts';

/** The numbers at some indices of an axis, counted from the end. */
function pick({ shape, encoding }: Stored, axis: number, stay: readonly number[]): Stored {
  const at = shape.length + axis;
  const inner = shape.slice(at + 1).reduce((p, n) => p * n, 1);
  const values: number[] = [];
  for (let outer = 0; outer < shape.slice(0, at).reduce((p, n) => p * n, 1); outer++) {
    for (const i of stay) {
      for (let j = 0; j < inner; j++) values.push(encoding.values[(outer * shape[at]! + i) * inner + j]!);
    }
  }
  const smaller = shape.map((n, k) => (k === at ? stay.length : n));
  return { shape: smaller, encoding: { type: 'float32', values: Float32Array.from(values) }, mask: null };
}

/** Sets to remove, about a share of all, such that every value keeps a channel. */
function chosen(channels: Channels, share: number, draw: Draw): Set<number> {
  const gone = new Set<number>();
  for (const set of channels.removable().keys()) {
    if (draw.below(100) >= 100 * share) continue;
    gone.add(set);
    const isEmptied = [...channels.ids.values()].some((ids) => ids.every((id) => gone.has(channels.setOf(id))));
    if (isEmptied) gone.delete(set);
  }
  return gone;
}

const tables = { reference, cpu, wasm: wasm() };

/** Networks by seed, how many of each are drawn, and the least number of sets that they lose in all. */
const kinds = {
  'dense layers': { drawn: (seed: number) => new Drawn(seed).network(), count: 150, least: 800 },
  'images of any wiring': { drawn: drawnWiring, count: 300, least: 2500 },
} as const;
const cases = Object.entries(kinds).flatMap(([kind, facts]) =>
  Object.entries(tables).map(([table, kernels]) => {
    const share = kernels === tables.wasm ? 3 : 1; // each shape of a convolution is compiled
    return { kind, table, kernels, ...facts, count: facts.count / share, least: facts.least / (share + 1) };
  }),
);

describe('a network without some channels', () => {
  test.each(cases)('is the network with them held at 0, to the bit: $kind, on $table', (each) => {
    const { drawn, count, least, kernels } = each;
    let removed = 0;
    for (let seed = 1; seed <= count; seed++) {
      const network = drawn(seed);
      const channels = new Channels(network);
      const gone = chosen(channels, [0.3, 0.7, 1][seed % 3]!, new Draw(seed + 1000));
      removed += gone.size;
      const smaller = new Network(withoutChannels(network, channels, gone, pick));
      const samples = 3;
      const given = inputsFor(network, samples, seed);
      const held = valuesByNode(network, given, samples, kernels, (name, value) => {
        const ids = channels.ids.get(name)!;
        for (let i = 0; i < value.length; i++) if (gone.has(channels.setOf(ids[i % ids.length]!))) value[i] = 0;
      });
      const program = compileNetwork(smaller, samples, kernels);
      const outputs = program.run(given, samples);
      smaller.outputs.forEach((name, i) => {
        const got = Array.from(outputs[i]!, (x) => x + 0); // signed zeros aside
        expect(got, `seed ${seed}: ${name}`).toEqual(Array.from(held.get(name)!, (x) => x + 0));
      });
      program.dispose();
      expect([...valuesOf(smaller)].length).toBe([...valuesOf(network)].length);
    }
    expect(removed).toBeGreaterThan(least);
  });
});
