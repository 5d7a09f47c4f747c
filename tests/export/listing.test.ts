import { describe, expect, test, vi } from 'vitest';
import { listingOf, WRITES } from '../../src/export/listing.ts';
import { readOrder } from '../../src/export/order.ts';
import type { Product } from '../../src/export/product.ts';
import { LayerNorm, Sequential, StateError, toNetwork } from '../../src/index.ts';
import { EMIT } from '../../src/infer/emit.ts';
import { interpreted, realsOf } from './interpreter.ts';
import { answersOf, everyNetwork } from './networks.ts';
import { everyTable } from './tables.ts';

const all = [...everyNetwork()];

describe.each(all)('%s', (_, network) => {
  test('as a list of calls gives what a program gives, to the bit', () => {
    const listing = listingOf('toModule', network);
    for (const { inputs, outputs } of answersOf(network)) expect(interpreted(listing, inputs)).toEqual(outputs);
  });
});

test('what a kernel of real numbers is made of gives its numbers', () => {
  const kinds = new Set<string>();
  for (const [, network] of all)
    for (const { kernel, args } of listingOf('toModule', network).calls) {
      const [product] = args as [Product];
      if (kernel !== 'product' || product.kernel.type === 'int8') continue;
      const { values, held } = product.kernel;
      kinds.add(held.as);
      expect(Array.from(realsOf(held, readOrder(product).last), (x) => x + 0)).toEqual(
        Array.from(values, (x) => x + 0),
      );
    }
  expect([...kinds].sort()).toEqual(['bfloat16', 'float16', 'float32', 'levels']);
});

test('the last axis of a kernel, on which its scales lie, is not that of the units where a convolution is transposed', () => {
  let count = 0;
  for (const [, network] of all)
    for (const { kernel, args } of listingOf('toC', network).calls) {
      if (kernel !== 'product') continue;
      const { extent, kernel: own } = args[0] as Product;
      const { units, terms, last, places } = readOrder({ extent });
      const isTransposed = extent.kind === 'transposed';
      expect([units * terms, new Set(places).size]).toEqual([own.values.length, own.values.length]);
      expect(last).toBe(extent.kind === 'dense' ? extent.units : extent.windows.units);
      expect(units).toBe(isTransposed ? extent.windows.channels : last);
      if (isTransposed && units !== last) count++;
    }
  expect(count).toBeGreaterThan(0);
});

test('what a table is made of gives its numbers', () => {
  for (const { name, network, routine } of everyTable()) {
    const { held, constants } = listingOf('toC', network);
    expect(held.size, name).toBe(1);
    for (const [table, of] of held) {
      expect(constants).toContain(table);
      expect(of.as === 'float32', name).toBe(/coded|masked/.test(routine));
      expect(realsOf(of, 5), name).toEqual(table);
    }
  }
});

test('a kernel that exported code does not have is named with the caller', () => {
  const network = toNetwork(new Sequential([new LayerNorm({ inputShape: [3] })]));
  const row = vi
    .spyOn(EMIT, 'layerNorm')
    .mockImplementation(({ step }) => step((k) => k.packPanels(0, 0, new Float32Array(), new Float32Array())));
  const listed = (): unknown => listingOf('toC', network);
  expect(listed).toThrow(StateError);
  expect(listed).toThrow(/^toC: exported code has no kernel "packPanels"$/);
  row.mockRestore();
  expect(listed).not.toThrow();
});

test('every kernel that exported code may call is called by one of them', () => {
  const called = new Set(
    all.flatMap(([, network]) => listingOf('toModule', network).calls.map(({ kernel }) => kernel)),
  );
  expect([...called].sort()).toEqual(Object.keys(WRITES).sort());
});
