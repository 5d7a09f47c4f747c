import { describe, expect, test, vi } from 'vitest';
import { AVR } from '../../scripts/boards.mjs';
import { smallestTable } from '../../src/export/c-tables.ts';
import { toC } from '../../src/export/index.ts';
import { describeWith, folder, STRICT, written } from './c-compilers.ts';
import { CONTRACTING, differing, GCC } from './c-harness.ts';
import { everyTable } from './tables.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers and simulators, beside other work

/** Tables of real numbers that rows are taken from, in every form. */

const all = [...everyTable()];
const SANITIZED = ['-O1', '-g', '-fsanitize=undefined,address', '-fno-sanitize-recover=all'];

/** Bytes of the constants of a text. */
const bytesIn = (source: string): number =>
  [...source.matchAll(/^static const WHITTLE_FLASH (\w+) \w+\[(\d+)\]/gm)].reduce(
    (sum, [, type, n]) => sum + Number(n) * (/8/.test(type!) ? 1 : /16/.test(type!) ? 2 : 4),
    0,
  );

describe('tables', () => {
  test.each(all.map((each) => [each.name, each] as const))('of %s take few bytes', (_, { network, routine, share }) => {
    const small = toC(network).source;
    const plain = toC(network, { storage: 'plain' }).source;
    expect(small).toContain(`static int ${routine}(`);
    expect(plain).toContain('static int gather(');
    expect(bytesIn(small)).toBeLessThan(share * bytesIn(plain));
  });

  test('with a -0 stay as they are, since codes and masks know one zero', () => {
    const numbers = new Float32Array(4000);
    expect(smallestTable(numbers, null, 4).routine).toBe('gather_coded');
    numbers[7] = -0;
    expect(smallestTable(numbers, null, 4)).toEqual({ routine: 'gather', bytes: 16_000, args: [numbers] });
  });

  test('stay as they are where a routine takes what is saved', () => {
    expect(smallestTable(new Float32Array(30).fill(0.5), null, 5).routine).toBe('gather');
  });
});

describeWith('tables in C', [GCC], () => {
  const at = folder();

  test('have the bits of the engine, without a warning, and nothing that C leaves undefined', () => {
    expect(differing(all, [...STRICT, ...SANITIZED], at, {})).toEqual([]);
  });

  test('have them where a compiler may make one rounding of two, and as they are', () => {
    expect(differing(all, [...STRICT, ...CONTRACTING], at, {})).toEqual([]);
    expect(differing(all, [...STRICT, ...SANITIZED], at, { storage: 'plain' })).toEqual([]);
  });
});

describeWith('tables on AVR', AVR.tools, () => {
  const at = folder();

  test.each(all.map((each) => [each.name, each] as const))('of %s have them', (_, { network }) => {
    const files = [written(at, network, { name: 'words' })];
    const body = '  tell(words_self_test() ? "the bits\\n" : "others\\n");';
    files.push(at('main.c', `#include "words.h"\n${AVR.main(body)}`));
    AVR.link(files, at('words.elf'), at);
    expect(AVR.run(at('words.elf'))).toContain('the bits');
  });
});
