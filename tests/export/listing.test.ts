import { describe, expect, test } from 'vitest';
import { listingOf, WRITES } from '../../src/export/listing.ts';
import type { Product } from '../../src/export/product.ts';
import { interpreted, realsOf } from './interpreter.ts';
import { answersOf, everyNetwork } from './networks.ts';

const unitsOf = ({ extent }: Product): number =>
  extent.kind === 'dense' ? extent.units : extent.kind === 'conv' ? extent.windows.units : extent.windows.channels;

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
      expect(Array.from(realsOf(held, unitsOf(product)), (x) => x + 0)).toEqual(Array.from(values, (x) => x + 0));
    }
  expect([...kinds].sort()).toEqual(['bfloat16', 'float16', 'float32', 'levels']);
});

test('every kernel that exported code may call is called by one of them', () => {
  const called = new Set(
    all.flatMap(([, network]) => listingOf('toModule', network).calls.map(({ kernel }) => kernel)),
  );
  expect([...called].sort()).toEqual(Object.keys(WRITES).sort());
});
