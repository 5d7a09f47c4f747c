import { describe, expect, test } from 'vitest';
import {
  chooseQParams,
  cloneModel,
  Dense,
  distill,
  fromData,
  predictNetwork,
  quantize,
  randomNormal,
  Sequential,
  SGD,
  slice,
  softmax,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { normal, quantizedLayers, smallModel, values } from './tools.ts';

/** Passes look at 256 samples at a time; nothing may be lost, doubled or misplaced where one block ends. */

const N = 600;
const x = normal([N, 5], 12);
const SIZES = [255, 256, 257, 512, N] as const;

describe('distillation of more samples than a block', () => {
  const endings = ['softmax', 'sigmoid', 'linear'] as const;

  test.each(endings)(
    'has for each sample the answer of the teacher: none differs from itself, after %s',
    (activation) => {
      const options = { kernelInitializer: randomNormal(0, 1), activation, inputShape: [5] } as const;
      const teacher = new Sequential([new Dense(3, options)], { seed: 4 });
      const other = new Sequential([new Dense(3, options)], { seed: 5 });
      const y = softmax(normal([N, 3], 6));
      for (const n of SIZES) {
        const some: [Tensor, Tensor] = [slice(x, [[0, n]]), slice(y, [[0, n]])];
        const run = (student: Sequential): { losses: number[]; held: number } => {
          const losses: number[] = [];
          const { history } = distill({
            teacher,
            student,
            x: some[0],
            y: some[1],
            validationData: some,
            alpha: 1, // the teacher's word alone
            optimizer: new SGD({ learningRate: 1e-30 }),
            shuffle: false,
            callbacks: [{ onBatchEnd: (_, { loss }) => losses.push(loss!) }],
          });
          return { losses, held: history.history.val_loss![0]! };
        };
        const same = run(cloneModel(teacher));
        expect(same.losses).toHaveLength(Math.ceil(n / 32));
        for (const loss of [...same.losses, same.held]) expect(Math.abs(loss)).toBeLessThan(2e-6);
        for (const loss of run(other).losses) expect(loss).toBeGreaterThan(0.1);
      }
    },
  );
});

describe('calibration on more samples than a block', () => {
  const model = smallModel();

  test('finds the largest and the smallest input wherever they are', () => {
    const wanted = chooseQParams(-60, 40);
    for (const [low, high] of [
      [0, 599],
      [599, 0],
      [255, 256],
      [256, 255],
      [511, 512],
      [300, 300],
    ] as const) {
      const inputs = Float32Array.from(x.data);
      inputs[5 * low + 1] = -60;
      inputs[5 * high + 3] = 40;
      const network = quantize(model, { calibration: fromData(inputs, [N, 5]) });
      expect(quantizedLayers(network)[0]!.input).toEqual(wanted);
    }
  });

  test('finds the ranges between the layers, as on all samples at once', () => {
    for (const n of SIZES) {
      const some = slice(x, [[0, n]]);
      const network = quantize(model, { calibration: some });
      const real = toNetwork(model);
      const wanted = real.nodes.flatMap(({ op, inputs: [name] }) => {
        if (op !== 'dense') return [];
        const nodes = real.nodes.slice(0, real.nodes.findIndex((node) => node.name === name) + 1);
        const used = new Set(nodes.flatMap((node) => Object.values(node.weights)));
        const weights = new Map([...real.weights].filter(([key]) => used.has(key)));
        const seen = values(predictNetwork({ ...real, nodes, outputs: [name!], weights }, some));
        return [chooseQParams(Math.min(...seen), Math.max(...seen))];
      });
      expect(quantizedLayers(network).map(({ input }) => input)).toEqual(wanted);
    }
  });
});

test('a network predicts more samples than a batch as it predicts each', () => {
  const network = quantize(smallModel(), { calibration: x });
  const each = Array.from({ length: 150 }, (_, i) => values(predictNetwork(network, slice(x, [[i, i + 1]])))).flat();
  for (const batchSize of [1, 64, 75, 100, 150, 256])
    expect(values(predictNetwork(network, slice(x, [[0, 150]]), batchSize))).toEqual(each);
});
