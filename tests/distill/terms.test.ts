/** Features that a student learns: heads that are there in training alone. */
import { describe, expect, test } from 'vitest';
import { TERMS, type TermRow, type TermTargets } from '../../src/distill/terms.ts';
import {
  Adam,
  Conv2D,
  Dense,
  type DistillOptions,
  digest,
  distill,
  GlobalAvgPool2D,
  keep,
  type Logs,
  mean,
  prepareQAT,
  prune,
  Sequential,
  saveModel,
  shareWeights,
  square,
  sub,
  type Tensor,
  type Term,
  toNetwork,
} from '../../src/index.ts';
import { kernelsOf, normal, threeClasses, values } from '../compress/tools.ts';

const [x, y] = threeClasses(48);

function net(hidden: number, seed: number): Sequential {
  const layers = [
    new Dense(hidden, { activation: 'tanh', inputShape: [5], name: 'first' }),
    new Dense(4, { activation: 'relu', name: 'second', kernelRegularizer: 'l2' }),
    new Dense(3, { activation: 'softmax', name: 'last', kernelRegularizer: 'l2' }),
  ];
  return new Sequential(layers, { seed });
}

const teacher = net(8, 1);
const train = (options: Partial<DistillOptions> = {}): ReturnType<typeof distill> =>
  distill({ teacher, student: net(6, 2), x, y, epochs: 3, batchSize: 16, ...options });
const hint = (more: Partial<Term> = {}): Term => ({ kind: 'hint', student: 'first', ...more }) as Term;

describe('terms on features', () => {
  test('of weight 0 leave the student that would be without them, to the bit, and a file of the same size', () => {
    const pruned = prune(net(6, 2), { sparsity: 0.5 });
    for (const student of [net(6, 2), pruned, prepareQAT(pruned), shareWeights(net(6, 2), { clusters: 4 })]) {
      const without = train({ student }).model;
      const { model } = train({ student, terms: [hint({ weight: 0 })] });
      expect(digest(model)).toBe(digest(without));
      expect(saveModel(model).length).toBe(saveModel(without).length);
      expect(String(toNetwork(model))).toBe(String(toNetwork(without)));
      const more = [model, without].map((each) => {
        each.fit(x, y, { epochs: 1 }); // goes on with what the optimizer had kept
        return digest(each);
      });
      expect(more[0]).toBe(more[1]);
    }
  });

  test('move a student, whose zeros and shared numbers stay what they are', () => {
    const student = prune(net(6, 2), { sparsity: 0.5 });
    const terms = [hint({ weight: 3 })];
    const { model } = train({ student, terms });
    expect(digest(model)).not.toBe(digest(train({ student }).model));
    for (const { mask, value } of kernelsOf(model as Sequential))
      expect(values(value).filter((w, i) => mask!.data[i] === 0 && !Object.is(w, 0))).toEqual([]);
    const shared = train({ student: shareWeights(net(6, 2), { clusters: 4 }), terms }).model;
    for (const { value } of kernelsOf(shared as Sequential)) expect(new Set(values(value)).size).toBeLessThanOrEqual(4);
  });

  test('bring the features near to the teacher, and figures keep the names that they have without', () => {
    const seen: Logs[] = [];
    const { history } = train({
      epochs: 60,
      optimizer: new Adam({ learningRate: 0.02 }),
      terms: [hint({ student: 'second', weight: 10 }), hint({ weight: 0.1 })],
      validationData: threeClasses(20, 5),
      callbacks: [{ onEpochEnd: (_, logs) => seen.push(logs) }],
    });
    const { hint_loss: loss, accuracy, val_accuracy: held, last_accuracy: same } = history.history;
    expect(loss!.at(-1)!).toBeLessThan(0.2 * loss![0]!);
    expect(history.history).toHaveProperty('hint_1_loss');
    expect(accuracy).toEqual(same);
    expect([seen.at(-1)!.accuracy, seen.at(-1)!.val_accuracy]).toEqual([accuracy!.at(-1), held!.at(-1)]);
  });

  test("may be a loss of one's own, of images through a projection", () => {
    const image = (filters: number, seed: number): Sequential =>
      new Sequential(
        [
          new Conv2D(filters, 3, { activation: 'relu', inputShape: [5, 5, 1], name: 'conv' }),
          new GlobalAvgPool2D(),
          new Dense(3, { activation: 'softmax' }),
        ],
        { seed },
      );
    const shapes: unknown[] = [];
    const loss = (t: Tensor, s: Tensor): Tensor => {
      shapes.push([t.shape, s.shape]);
      return mean(square(sub(t, s)));
    };
    const options = { teacher: [image(2, 5), image(6, 1)], student: image(4, 2), x: normal([12, 5, 5, 1]), epochs: 1 };
    const { history } = distill({
      ...options,
      terms: [{ kind: 'own', student: 'conv', member: 1, projection: true, loss }],
    });
    expect(shapes[0]).toEqual([
      [12, 3, 3, 6],
      [12, 3, 3, 6],
    ]);
    expect(history.history.own_loss!.every(Number.isFinite)).toBe(true);
    const pair = [net(8, 1), net(8, 5)] as const;
    const second = train({ teacher: pair, alpha: 0, terms: [hint({ member: 1 })] }).model;
    expect(digest(second)).toBe(digest(train({ teacher: pair[1], alpha: 0, terms: [hint()] }).model));
  });

  test('are told by their rows what a loss needs: labels, answers, numbers, the teacher as an input', () => {
    const row = TERMS.own as { -readonly [K in keyof TermRow<never>]: TermRow<never>[K] };
    const before = { ...row };
    const seen: TermTargets[] = [];
    try {
      row.needs = ['answers', 'labels', 'isLabelled', 'numbers'];
      row.keep = (t) => mean(t, { axis: 1, keepDims: true });
      row.head = (at) => at.concat([at.dense(at.student, 2), at.dense(at.teacher(), 2), at.logits()]);
      row.loss = () => (targets, output) => {
        seen.push(Object.fromEntries(Object.entries(targets).map(([name, t]) => [name, keep(t)])) as never);
        expect(output.shape).toEqual([targets.kept.shape[0], 7]);
        return mean(square(output));
      };
      const options = { unlabelled: normal([4, 5]), epochs: 1, batchSize: 52, shuffle: false } as const;
      const own: Term = { kind: 'own', student: 'first', loss: () => x };
      const { model } = train({ ...options, terms: [own] });
      const shapes = (): unknown[] => Object.values(seen[0]!).map(({ shape }) => shape);
      expect(shapes()).toEqual([[52, 1], [52, 3], [52, 3], [52], [52]]);
      expect(values(seen[0]!.numbers!)).toEqual(Array.from({ length: 52 }, (_, i) => i));
      expect(values(seen[0]!.isLabelled!).reduce((p, q) => p + q, 0)).toBe(48);
      expect(String(toNetwork(model))).toBe(String(toNetwork(net(6, 2))));
      expect(digest(train({ ...options, terms: [{ ...own, weight: 0 }] }).model)).toBe(digest(train(options).model));
    } finally {
      for (const key of ['needs', 'keep'] as const) delete row[key];
      Object.assign(row, before);
    }
  });

  test('refuse what is not there, with what is', () => {
    const on = (term: object) => () => train({ terms: [term as Term] });
    expect(on(hint({ student: 'firt' }))).toThrow(/student of terms\[0\] \(hint\) must be one of .*Did you mean first/);
    expect(on(hint({ student: 'first', teacher: 'secnd' }))).toThrow('Did you mean second?');
    expect(on({ kind: 'hin', student: 'first' })).toThrow('Did you mean hint?');
    expect(on({ ...hint(), wieght: 1 })).toThrow('Did you mean weight?');
    expect(on(hint({ weight: -1 }))).toThrow('weight of terms[0] (hint) must be at least 0');
    expect(on(hint({ member: 1 }))).toThrow('member of terms[0] (hint) must be 0 or left out, as there is one teacher');
    expect(on(hint({ projection: false } as Partial<Term>))).toThrow('Give it projection: true');
    expect(on({ kind: 'own', student: 'first' })).toThrow('loss of terms[0] (own) must be a function');
    expect(() => train({ terms: hint() as never })).toThrow('terms must be a list of terms');
  });
});
