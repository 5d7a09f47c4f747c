import { expect, test, vi } from 'vitest';
import { testDigest } from '../../src/export/self-test.ts';
import {
  Conv2D,
  Dense,
  Flatten,
  type Graph,
  MaxPool2D,
  type Model,
  mobileNetV2,
  prune,
  quantize,
  Random,
  Sequential,
  type Stored,
  shareWeights,
  toNetwork,
} from '../../src/index.ts';
import { AVR, type Board, CORTEX_M4, digestOn, RISC_V, sizesOf } from './c-boards.ts';
import { describeWith, folder, written } from './c-compilers.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers and simulators, beside other work

/** Machines of other kinds give the digest of the engine, and networks fit where they have to. */

const random = new Random(8, 'boards');
const SAMPLES = 1000;

/** Biases other than 0, as training leaves them. */
function stirred<M extends Model>(model: M): M {
  for (const { value } of model.weights)
    value.data.forEach((x, i, data) => {
      data[i] = x + 0.05 * Math.sin(i + 1) * (x === 0 ? 1 : 0);
    });
  return model;
}

const perceptron = (widths: readonly number[]): Sequential =>
  stirred(
    new Sequential(
      widths.slice(1).map((units, i) => {
        const activation = i < widths.length - 2 ? 'relu' : 'linear';
        return new Dense(units, { activation, ...(i === 0 ? { inputShape: [widths[0]!] } : {}) });
      }),
      { seed: 4 },
    ),
  );

const inInt8 = (model: Model, rule?: 'multiplier'): Graph<Stored> => {
  const { shape } = toNetwork(model).inputs[0]!;
  return quantize(model, { calibration: random.normal([64, ...shape], 0, 2), ...(rule === undefined ? {} : { rule }) });
};

const convolutional = (size: number): Sequential =>
  stirred(
    new Sequential(
      [
        new Conv2D(4, 3, { activation: 'relu', inputShape: [size, size, 1] }),
        new MaxPool2D(),
        new Conv2D(6, 3, { padding: 'same', activation: 'relu6' }),
        new Flatten(),
        new Dense(5),
      ],
      { seed: 2 },
    ),
  );

const mobile = (): Model =>
  stirred(mobileNetV2({ inputShape: [8, 8, 3], classes: 3, width: 0.25, stemStride: 1, blocks: 4, features: 16 }));

/** The network of the article, and the one that a sensor has. */
const ARTICLE = [100, 64, 64, 10];
const SENSOR = [13, 64, 32, 16, 1];

const NETWORKS: Readonly<Record<string, () => Graph<Stored>>> = {
  sensor: () => inInt8(perceptron(SENSOR)),
  in_whole_numbers: () => inInt8(perceptron([13, 12, 8, 3]), 'multiplier'),
  pruned: () => inInt8(prune(perceptron(ARTICLE), { sparsity: 0.8 })),
  convolutions: () => inInt8(convolutional(12)),
  small_convolutions: () => inInt8(convolutional(6), 'multiplier'),
  mobile: () => inInt8(mobile()),
  of_real_numbers: () => toNetwork(perceptron([8, 12, 4])),
};

const BOARDS: Readonly<Record<string, { readonly board: Board; readonly networks: readonly string[] }>> = {
  'a Cortex-M4 (qemu-system-arm)': { board: CORTEX_M4, networks: Object.keys(NETWORKS) },
  'RISC-V of 64 bits (qemu-user)': { board: RISC_V, networks: Object.keys(NETWORKS) },
  // What has few numbers: a thousand runs take seconds there
  'an ATmega1284P (simavr)': { board: AVR, networks: ['in_whole_numbers', 'small_convolutions', 'of_real_numbers'] },
};

for (const [title, { board, networks }] of Object.entries(BOARDS))
  describeWith(title, board.tools, () => {
    const at = folder();
    test.each(networks)(`gives the digest of the engine: %s`, (name) => {
      const network = NETWORKS[name]!();
      const files = [written(at, network, { name })];
      const expected = testDigest(network, SAMPLES).toString(16).padStart(8, '0');
      expect(digestOn(board, network, files, { name, samples: SAMPLES }, at)).toBe(expected);
    });
  });

describeWith('sizes on a Cortex-M4 at -Os', CORTEX_M4.tools, () => {
  const at = folder();

  /** What a network takes more than a program without one. */
  function above(network: Graph<Stored>, options: { readonly storage?: 'plain' } = {}) {
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
    const shared = above(inInt8(shareWeights(prune(model, { sparsity: 0.8 }), { clusters: 16 })));
    console.log(`100-64-64-10 int8: ${dense.flash} bytes of flash, pruned and shared ${shared.flash}`);
    expect(dense.flash / shared.flash).toBeGreaterThanOrEqual(3);
  });
});
