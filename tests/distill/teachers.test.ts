/** What a teacher may be, and what it may be asked. */
import { describe, expect, test } from 'vitest';
import { asOne, Member } from '../../src/distill/teacher.ts';
import {
  Activation,
  Dense,
  type DistillOptions,
  Dropout,
  decodeNetwork,
  digest,
  encodeNetwork,
  fromData,
  Layer,
  mul,
  noGrad,
  oneHot,
  predictNetwork,
  quantize,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { normal, values } from '../compress/tools.ts';
import { type Ending, net, train, x, y } from './students.ts';

const same = (a: Partial<DistillOptions>, b: Partial<DistillOptions>): void =>
  expect(digest(train(a).model)).toBe(digest(train(b).model));
const differ = (a: Partial<DistillOptions>, b: Partial<DistillOptions>): void =>
  expect(digest(train(a).model)).not.toBe(digest(train(b).model));

/** Number by number. */
function near(found: readonly number[], wanted: readonly number[], digits: number): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(wanted[i]!, digits);
}

describe('a teacher', () => {
  test.each<Ending>(['softmax', 'sigmoid', 'linear'])(
    'that ends in %s may be its network, stored and read again',
    (ending) => {
      const teacher = net(8, 1, ending);
      const options = { student: net(4, 2, ending), y: ending === 'softmax' ? y : oneHot(y, 3) };
      const stored = decodeNetwork(encodeNetwork(toNetwork(teacher))).network;
      same({ teacher, ...options }, { teacher: stored, ...options });
    },
  );

  test('that is quantized says what its model of integers says', () => {
    for (const format of ['static', 'int8', 'float16'] as const) {
      const teacher = quantize(net(8, 1), { format, calibration: x });
      const member = new Member('distill', teacher);
      let logits: number[] = [];
      member.answers([x], { outputs: [0], logits: [true], values: ['hidden'] }, ([z, hidden]) => {
        logits = [...logits, ...values(z!)];
        expect(hidden!.shape).toEqual([48, 8]);
      });
      const said = values(predictNetwork(teacher, x));
      const z = noGrad(() =>
        new Sequential([new Activation('softmax', { inputShape: [3] })]).forward(
          fromData(Float32Array.from(logits), [48, 3]),
        ),
      );
      near(values(z), said, 6);
      differ({ teacher }, {});
      expect(train({ teacher, terms: [{ kind: 'hint', student: 'hidden' }] }).model.isBuilt).toBe(true);
    }
  });

  test('of code, of float64 or one that draws is asked by its layers', () => {
    class Twice extends Layer {
      override readonly type = 'Twice';
      override build(shape: readonly number[]): readonly number[] {
        return shape;
      }
      override call(t: Tensor): Tensor {
        return mul(t, 2);
      }
      override clone(): Layer {
        return new Twice();
      }
    }
    const own = new Sequential([new Twice({ inputShape: [5] }), ...net(8, 1).layers.map((layer) => layer.clone())], {
      seed: 1,
    });
    expect(train({ teacher: own, alpha: 1 }).history.history.loss!.every(Number.isFinite)).toBe(true);
    const drawing = new Sequential([new Dense(3, { inputShape: [5] }), new Dropout(0.5, { training: true })]);
    expect(train({ teacher: drawing }).history.history.loss!.every(Number.isFinite)).toBe(true);
  });

  test('that is an ensemble of one is that one, and of equals too, nearly', () => {
    const teacher = net(8, 1);
    same({ teacher }, { teacher: [teacher] });
    for (const ensemble of ['probabilities', 'logits'] as const) {
      const { history } = train({ teacher: [teacher, teacher, teacher], ensemble }).history;
      near(history.loss!, train({ teacher }).history.history.loss!, 4);
    }
    differ({ teacher: [teacher, net(8, 5)] }, { teacher: [teacher, net(8, 5)], ensemble: 'logits' });
  });

  test('that is an ensemble has the mean of the softened probabilities, or the geometric mean', () => {
    const all = mul(normal([3, 6, 4], 8), 4);
    const T = 2.5;
    const soft = (z: readonly number[], kind: 'softmax' | 'sigmoid'): number[] => {
      if (kind === 'sigmoid') return z.map((value) => 1 / (1 + Math.exp(-value / T)));
      const e = z.map((value) => Math.exp(value / T));
      return e.map((value) => value / e.reduce((p, q) => p + q, 0));
    };
    const row = (t: Tensor, i: number): number[] => values(t).slice(4 * i, 4 * i + 4);
    for (const kind of ['softmax', 'sigmoid'] as const)
      for (let i = 0; i < 6; i++) {
        const members = [0, 1, 2].map((m) => soft(row(all, 6 * m + i), kind));
        const mean = soft(row(asOne(all, kind, T, 'probabilities'), i), kind);
        near(
          mean,
          [0, 1, 2, 3].map((j) => members.reduce((sum, own) => sum + own[j]! / 3, 0)),
          5,
        );
        if (kind === 'sigmoid') continue;
        const products = [0, 1, 2, 3].map((j) => members.reduce((product, own) => product * own[j]! ** (1 / 3), 1));
        const total = products.reduce((p, q) => p + q, 0);
        near(
          soft(row(asOne(all, kind, T, 'logits'), i), kind),
          products.map((p) => p / total),
          5,
        );
      }
  });
});
