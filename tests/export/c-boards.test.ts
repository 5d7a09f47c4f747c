import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { AVR, type Board, CORTEX_M4, digestOn, RISC_V, sizesOf, X86 } from '../../scripts/boards.mjs';
import { ARTICLE, type ExportedNetwork, networksBy, SAMPLES, SENSOR } from '../../scripts/exported-networks.mjs';
import { toC, toModule } from '../../src/export/index.ts';
import { testDigest } from '../../src/export/self-test.ts';
import * as library from '../../src/index.ts';
import { describeWith, folder, written } from './c-compilers.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers and simulators, beside other work

/** Machines of other kinds give the digest of the engine, and networks fit where they have to. */

const { networks, perceptron, inInt8, shared } = networksBy(library);
const small = networks.filter(({ isSmall }) => isSmall);
const large = networks.filter(({ isSmall }) => !isSmall);

const made = new Map<string, { readonly network: library.Graph<library.Stored>; readonly digest: string }>();
/** A network and the digest of the engine, once for all machines. */
function madeOf({ name, make }: ExportedNetwork) {
  if (!made.has(name)) {
    const network = make();
    made.set(name, { network, digest: testDigest(network, SAMPLES).toString(16).padStart(8, '0') });
  }
  return made.get(name)!;
}

const BOARDS: Readonly<Record<string, { readonly board: Board; readonly own: readonly ExportedNetwork[] }>> = {
  'this machine': { board: X86, own: networks },
  'a Cortex-M4 (qemu-system-arm)': { board: CORTEX_M4, own: networks },
  'RISC-V of 64 bits (qemu-user)': { board: RISC_V, own: networks },
  'an ATmega1284P (simavr)': { board: AVR, own: small },
};

for (const [title, { board, own }] of Object.entries(BOARDS))
  describeWith(title, board.tools, () => {
    const at = folder();
    test.each(own)(`gives the digest of the engine: $name`, (each) => {
      const { network, digest } = madeOf(each);
      const { name } = each;
      expect(digestOn(board, { name, ...toC(network, { name }) }, SAMPLES, at)).toBe(digest);
    });
  });

describe('modules', () => {
  const at = folder();
  test('give the digest of the engine', async () => {
    for (const each of networks) at(`${each.name}.mjs`, toModule(madeOf(each).network).source);
    at('modules.mjs', networks.map(({ name }) => `export * as ${name} from './${name}.mjs';\n`).join(''));
    const script = new URL('../../scripts/module-digests.mjs', import.meta.url);
    const file = at('digests.mjs', readFileSync(script));
    const { digests } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      digests(samples: number): Record<string, string>;
    };
    const expected = Object.fromEntries(networks.map((each) => [each.name, madeOf(each).digest]));
    expect(digests(SAMPLES)).toEqual(expected);
  });
});

test('networks are many enough, and each of them answers otherwise', () => {
  expect(large.length).toBeGreaterThanOrEqual(4);
  expect(small.length).toBeGreaterThanOrEqual(3);
  expect(new Set(networks.map((each) => madeOf(each).digest)).size).toBe(networks.length);
});

describeWith('sizes on a Cortex-M4 at -Os', CORTEX_M4.tools, () => {
  const at = folder();

  /** What a network takes more than a program without one. */
  function above(network: library.Graph<library.Stored>, options: { readonly storage?: 'plain' } = {}) {
    const file = written(at, network, { name: 'network', ...options });
    const body = '  static float y[16];\n  volatile float *x = (float *)0x20030000;';
    const empty = at('empty.c', CORTEX_M4.main(`${body}\n  (void)x, (void)y, tell("");`));
    const full = `${body}\n  network_run((float *)x, y);\n  tell(y[0] > 0 ? "1" : "0");`;
    const main = at('full.c', `#include "network.h"\n${CORTEX_M4.main(full)}`);
    CORTEX_M4.link([empty], at('empty.elf'), at);
    CORTEX_M4.link([main, file], at('full.elf'), at);
    const before = sizesOf(at('empty.elf'));
    const { flash, memory } = sizesOf(at('full.elf'));
    return { flash: flash - before.flash, memory: memory - before.memory };
  }

  test('13-64-32-16-1 in int8 takes 8 kB of flash and half a kilobyte of memory at most', () => {
    const { flash, memory } = above(inInt8(perceptron(SENSOR)));
    console.log(`13-64-32-16-1 int8: ${flash} bytes of flash, ${memory} of memory`);
    expect(flash).toBeLessThanOrEqual(8192);
    expect(memory).toBeLessThanOrEqual(512);
  });

  test('100-64-64-10 pruned by 80 % and shared takes less than a third of the flash of its dense int8 form', () => {
    const model = perceptron(ARTICLE);
    const dense = above(inInt8(model), { storage: 'plain' });
    const smaller = above(inInt8(shared(model)));
    console.log(`100-64-64-10 int8: ${dense.flash} bytes of flash, pruned and shared ${smaller.flash}`);
    expect(dense.flash / smaller.flash).toBeGreaterThanOrEqual(3);
  });
});
