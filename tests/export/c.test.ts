import { describe, expect, test, vi } from 'vitest';
import { AVR, told } from '../../scripts/boards.mjs';
import { ROUTINES } from '../../src/export/c-routines.ts';
import { type COptions, toC } from '../../src/export/index.ts';
import { listingOf } from '../../src/export/listing.ts';
import { memoryOf } from '../../src/export/memory.ts';
import {
  Conv2D,
  Dense,
  Embedding,
  Flatten,
  fromData,
  fromNetwork,
  type Graph,
  input,
  Model,
  prune,
  quantize,
  Random,
  Sequential,
  StateError,
  type Stored,
  toNetwork,
  ValueError,
} from '../../src/index.ts';
import { describeWith, folder, STRICT, written } from './c-compilers.ts';
import { GCC } from './c-harness.ts';
import { everyNetwork } from './networks.ts';
import { everyTable } from './tables.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers and simulators, beside other work

const classes = (): Sequential =>
  new Sequential([new Dense(8, { activation: 'relu', inputShape: [4] }), new Dense(3, { activation: 'softmax' })], {
    seed: 1,
  });

const random = new Random(2);
const inInt8 = (model: Model, shape: readonly number[], rule?: 'multiplier'): Graph<Stored> =>
  quantize(model, { calibration: random.normal([30, ...shape]), ...(rule === undefined ? {} : { rule }) });

describe('toC', () => {
  test('says what it is asked for by names and macros', () => {
    const { source, header } = toC(toNetwork(classes()), { name: 'Leaf_2' });
    expect(source).toContain('#include "Leaf_2.h"');
    expect(header).toContain('int Leaf_2_run(const float *input, float *output);');
    expect(header).toContain('int Leaf_2_self_test(void);');
    expect(header).toContain('#define LEAF_2_INPUT_SIZE 4 /* input [4] */');
    expect(header).toContain('#define LEAF_2_OUTPUT_SIZE 3 /* dense_1 [3] */');
  });

  test('is the same text each time', () => {
    expect(toC(toNetwork(classes()))).toEqual(toC(toNetwork(classes())));
  });

  test('refuses options that there are not', () => {
    const network = toNetwork(classes());
    const told = (options: object): unknown => {
      try {
        toC(network, options as COptions);
      } catch (error) {
        return error;
      }
      return null;
    };
    for (const options of [{ name: '2' }, { name: 'a-b' }, { storage: 'tiny' }, { logits: 1 }, { size: 2 }])
      expect(told(options), JSON.stringify(options)).toBeInstanceOf(ValueError);
    expect(String(told({ name: 'a-b' }))).toContain('toC: name must be an identifier of C');
  });

  test('refuses a convolution with a weight that is not finite, by its name', () => {
    const model = new Sequential([new Conv2D(1, 2, { inputShape: [3, 3, 1], name: 'edges' }), new Flatten()]);
    model.weights[0]!.value.data[1] = Infinity;
    expect(() => toC(toNetwork(model))).toThrow(StateError);
    expect(() => toC(toNetwork(model))).toThrow('"edges"');
  });

  test('includes stdint.h and string.h alone for int8, and computes with no double without a softmax', () => {
    for (const rule of [undefined, 'multiplier'] as const)
      for (const logits of [true, false]) {
        const { source, header } = toC(inInt8(classes(), [4], rule), { logits });
        expect((source + header).match(/#include <.*>/g)).toEqual(['#include <string.h>', '#include <stdint.h>']);
        expect(/\bdouble\b/.test(source)).toBe(!logits);
        expect(source).not.toContain('alloc');
      }
  });

  test('with logits leaves no output out that another layer reads', () => {
    const x = input([4]);
    const first = new Dense(3, { activation: 'softmax', name: 'first' }).apply(x);
    const last = new Dense(2, { activation: 'sigmoid', name: 'last' }).apply(first);
    const { source } = toC(toNetwork(new Model([x], [first, last])), { logits: true });
    expect(source).toMatch(/^ {2}softmax\(/m);
    expect(source).not.toContain('each_sigmoid');
  });

  test('has routines that are used alone', () => {
    const { source } = toC(inInt8(classes(), [4]), { logits: true });
    const names = [...source.matchAll(/^static [a-z0-9_ ]*?(\w+)\(/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect(source.split(`${name}(`).length, name).toBeGreaterThan(2);
  });

  test('has every routine in some network', () => {
    const found = new Set<string>();
    const networks = [...everyNetwork()].map(([, network]) => network);
    const words = new Sequential([new Embedding(6, 3, { inputShape: [2] }), new Flatten(), new Dense(1)]);
    const calibration = fromData(
      Int32Array.from({ length: 20 }, (_, i) => i % 6),
      [10, 2],
    );
    const tables = [...everyTable()].map(({ network }) => network);
    for (const network of [...networks, ...tables, quantize(words, { calibration, rule: 'multiplier' })]) {
      const { source } = toC(network);
      for (const [name, { text }] of Object.entries(ROUTINES)) if (source.includes(text)) found.add(name);
    }
    expect([...found].sort()).toEqual(Object.keys(ROUTINES).sort());
  });

  test('lets no name of a layer end a comment or a line', () => {
    const network = toNetwork(new Sequential([new Dense(1, { inputShape: [2], name: 'a*/\n#error é\\' })]));
    const { source } = toC(network);
    expect(source).not.toContain('a*/');
    expect(source).not.toMatch(/^#error é/m);
    expect(source).toMatch(/^\S[^\n]*a\* \/\?#error \?\/: 2 to 1/m);
  });

  test('keeps what is sparse, shared and coded small', () => {
    const model = new Sequential([new Dense(64, { inputShape: [100] }), new Dense(10)], { seed: 1 });
    const dense = inInt8(model, [100]);
    const sparse = inInt8(prune(model, { sparsity: 0.9 }), [100]);
    const numbersIn = ({ source }: { source: string }): number =>
      [...source.matchAll(/numbers in ([0-9]+) bytes/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
    expect(numbersIn(toC(dense))).toBe(64 * 100 + 640);
    expect(numbersIn(toC(sparse))).toBeLessThan(0.2 * 64 * 100);
    expect(numbersIn(toC(sparse, { storage: 'plain' }))).toBe(64 * 100 + 640);
  });
});

describe('memory', () => {
  const all = [...everyNetwork()].map(([name, network]) => [name, listingOf('toC', network)] as const);

  test('has no two numbers at one place while both live', () => {
    for (const [name, listing] of all) {
      const { lives, scratch, bytes } = memoryOf(listing, [{ call: 0, type: 'int8', length: 5 }]);
      const placed = [...lives, ...scratch].filter(({ offset }) => offset !== null);
      for (const [i, a] of placed.entries()) {
        const end = (life: typeof a): number => life.offset! + life.length * (life.type === 'int8' ? 1 : 4);
        expect(end(a)).toBeLessThanOrEqual(bytes);
        for (const b of placed.slice(i + 1)) {
          const meet = a.first <= b.last && b.first <= a.last;
          if (meet) expect(end(a) <= b.offset! || end(b) <= a.offset!, name).toBe(true);
        }
      }
    }
  });

  test('is no more than what a program of one sample has', () => {
    for (const [name, listing] of all) {
      const whole = listing.places.reduce((sum, { type, length }) => sum + length * (type === 'int8' ? 1 : 4), 0);
      expect(memoryOf(listing, []).bytes, name).toBeLessThanOrEqual(whole);
    }
  });

  test('of an int8 network is that of the two largest neighbours', () => {
    const network = inInt8(
      new Sequential([13, 64, 32, 16, 1].slice(1).map((n, i) => new Dense(n, i === 0 ? { inputShape: [13] } : {}))),
      [13],
    );
    expect(memoryOf(listingOf('toC', network), []).bytes).toBe(64 + 32);
  });
});

describeWith('programs in C', [GCC], () => {
  const at = folder();
  const answered = (main: string, files: readonly string[]): string => {
    told('gcc', [...STRICT, '-o', at('program'), at('main.c', main), ...files]);
    return told(at('program'), []).toString();
  };

  test('are told of an index outside of a table', () => {
    const model = new Sequential([new Embedding(6, 3, { inputShape: [2] }), new Flatten(), new Dense(1)]);
    const file = written(at, toNetwork(model), { name: 'words' });
    const main = `#include "words.h"
#include <stdio.h>
int main(void)
{
  static const int32_t good[2] = {0, 5}, high[2] = {0, 6}, low[2] = {-1, 0};
  float y[1];
  printf("%d%d%d%d", words_run(good, y), words_run(high, y), words_run(low, y), words_self_test());
  return 0;
}
`;
    expect(answered(main, [file])).toBe('0111');
  });

  test('know by the self-test that a weight is another', () => {
    const { source, header } = toC(toNetwork(classes()));
    at('network.h', header);
    const main =
      '#include "network.h"\n#include <stdio.h>\nint main(void)\n{\n  printf("%d", network_self_test());\n  return 0;\n}\n';
    expect(answered(main, [at('network.c', source)])).toBe('1');
    const other = source.replace(/(_weights\[\d+\] = \{\s*)([-0-9.]+)f/, '$10.5f');
    expect(other).not.toBe(source);
    expect(answered(main, [at('network.c', other)])).toBe('0');
  });

  test('may have several networks, whose names inside do not meet', () => {
    const files = ['first', 'second'].map((name) => written(at, toNetwork(classes()), { name }));
    const main = `#include "first.h"
#include "second.h"
#include <stdio.h>
int main(void)
{
  printf("%d", first_self_test() + second_self_test());
  return 0;
}
`;
    expect(answered(main, files)).toBe('2');
  });

  test('are refused where the compiler rounds otherwise', () => {
    const file = written(at, toNetwork(classes()), { name: 'fast' });
    expect(() => told('gcc', ['-Ofast', '-c', '-o', at('fast.o'), file])).toThrow(
      'build this file without -ffast-math',
    );
  });

  test('give the sums before a softmax with logits', () => {
    const model = classes();
    const network = toNetwork(model);
    const cut = toNetwork(fromNetwork(network));
    expect(String(cut)).toContain('softmax');
    const { source } = toC(network, { logits: true });
    expect(source).not.toContain('softmax');
    at('network.h', toC(network, { logits: true }).header);
    const main =
      '#include "network.h"\n#include <stdio.h>\nint main(void)\n{\n  printf("%d", network_self_test());\n  return 0;\n}\n';
    expect(answered(main, [at('network.c', source)])).toBe('1');
  });
});

describeWith('programs for AVR', AVR.tools.slice(0, 1), () => {
  const at = folder();
  const FLAGS = ['-mmcu=atmega328p', '-Os', '-std=gnu99', '-Wall', '-Wextra', '-Werror', '-c'];

  test('say what to do about float64, which avr-gcc does not have', () => {
    const network = inInt8(classes(), [4]);
    const softmax = written(at, network, { name: 'whole' });
    const logits = written(at, network, { name: 'cut', logits: true });
    expect(() => told('avr-gcc', [...FLAGS, '-o', at('whole.o'), softmax])).toThrow('toC with logits: true');
    told('avr-gcc', [...FLAGS, '-o', at('cut.o'), logits]);
  });

  test('have their constants in flash, not in memory', () => {
    const network = inInt8(classes(), [4]);
    const file = written(at, network, { name: 'small', logits: true });
    // Linked, since of an object constants of either kind count as text
    const main = at(
      'flash.c',
      '#include "small.h"\nint main(void) { static float x[4], y[3]; return small_run(x, y); }\n',
    );
    AVR.link([main, file], at('flash.elf'), at);
    const [text, data, bss] = told('avr-size', [at('flash.elf')])
      .toString()
      .split('\n')[1]!
      .trim()
      .split(/\s+/)
      .map(Number);
    expect(text).toBeGreaterThan(500);
    expect(data).toBe(0);
    expect(bss).toBeLessThan(100);
  });
});
