import { describe, expect, test } from 'vitest';
import {
  type Callback,
  compileInference,
  Dense,
  digest,
  distill,
  mean,
  type DistillOptions,
  loadModel,
  meanSquaredError,
  mul,
  noGrad,
  prepareQAT,
  prune,
  saveModel,
  Sequential,
  smallCNN,
  sub,
  square,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { kernelsOf, normal, threeClasses, values } from '../compress/tools.ts';

const [x, y] = threeClasses(48);

function net(hidden: number, seed: number): Sequential {
  const layers = [
    new Dense(hidden, { activation: 'tanh', inputShape: [5], name: 'first' }),
    new Dense(4, { activation: 'relu', name: 'second', kernelRegularizer: 'l2' }),
    new Dense(3, { activation: 'softmax', name: 'last' }),
  ];
  return new Sequential(layers, { seed });
}

const teacher = net(8, 1);
const train = (options: Partial<DistillOptions> = {}): ReturnType<typeof distill> =>
  distill({ teacher, student: net(6, 2), x, y, epochs: 3, batchSize: 16, ...options });

describe('terms on features', () => {
  test('of weight 0 leave the student that would be without them, to the bit, and a file of the same size', () => {
    const student = prepareQAT(prune(net(6, 2), { sparsity: 0.5 }));
    for (const own of [net(6, 2), prune(net(6, 2), { sparsity: 0.5 }), student]) {
      const without = train({ student: own }).model;
      const { model } = train({ student: own, terms: [{ kind: 'hint', student: 'first', weight: 0 }] });
      expect(digest(model)).toBe(digest(without));
      expect(saveModel(model).length).toBe(saveModel(without).length);
      expect(String(toNetwork(model))).toBe(String(toNetwork(without)));
      expect(model.steps).toBe(without.steps);
    }
  });

  test('move the student, whose zeros stay zeros', () => {
    const student = prune(net(6, 2), { sparsity: 0.5 });
    const { model } = train({ student, terms: [{ kind: 'hint', student: 'first', weight: 3 }] });
    expect(digest(model)).not.toBe(digest(train({ student }).model));
    for (const kernel of kernelsOf(model as Sequential))
      kernel.mask!.data.forEach((alive: number, at: number) => {
        if (alive === 0) expect(Object.is(kernel.value.data[at], 0)).toBe(true);
      });
    expect(model).toBeInstanceOf(Sequential);
    expect(loadModel(saveModel(model)).isCompiled).toBe(true);
  });

  test('bring the features of the student to those of the teacher, in the history under the name of the term', () => {
    const own = train({ alpha: 0, epochs: 60, terms: [{ kind: 'hint', student: 'second', weight: 10 }] });
    const { hint_loss: hint, accuracy, last_accuracy: same } = own.history.history;
    expect(hint!.at(-1)!).toBeLessThan(0.4 * hint![0]!);
    expect(accuracy).toEqual(same);
    const tapOf = (model: Sequential): Tensor => {
      const part = new Sequential([new Dense(4, { activation: 'tanh', inputShape: [5] })]);
      void part;
      return noGrad(() => model.forward(x));
    };
    void tapOf;
  });
});
void [compileInference, mean, meanSquaredError, mul, sub, square, smallCNN, normal, values];
export type { Callback };
