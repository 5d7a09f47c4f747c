import { describe, expect, test } from 'vitest';
import {
  attentionLoss,
  attentionMap,
  ContrastiveMemory,
  concat,
  contrastiveLoss,
  decoupledLoss,
  fromData,
  hintLoss,
  matmul,
  mul,
  permute,
  Random,
  relationalAngleLoss,
  relationalDistanceLoss,
  similarityLoss,
  slice,
  softTargetLoss,
  type Tensor,
  tensor,
  valueAndGrad,
} from '../../src/index.ts';
import { normal, values } from '../compress/tools.ts';

type Loss = (t: Tensor, s: Tensor) => Tensor;
const integers = (...list: number[]): Tensor => fromData(Int32Array.from(list));
const filled = (shape: readonly number[], value: number): Tensor =>
  fromData(new Float32Array(shape.reduce((p, q) => p * q, 1)).fill(value), shape);
/** A rotation of `n` axes: the product of a rotation for each pair of neighbours. */
function rotation(n: number): Tensor {
  let all = tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j))));
  for (let at = 0; at + 1 < n; at++) {
    const turn = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)));
    const [c, s] = [Math.cos(at + 0.5), Math.sin(at + 0.5)];
    turn[at]![at] = c;
    turn[at]![at + 1] = -s;
    turn[at + 1]![at] = s;
    turn[at + 1]![at + 1] = c;
    all = matmul(all, tensor(turn));
  }
  return all;
}
function withGradient(loss: Loss, t: Tensor, s: Tensor): { value: number; gradient: number[] } {
  const { value, grads } = valueAndGrad(() => loss(t, s), [s]);
  return { value: value.item(), gradient: values(grads[0]!) };
}

const RELATIONAL: Record<string, Loss> = { relationalDistanceLoss, relationalAngleLoss, similarityLoss };
const ALL: Record<string, Loss> = { ...RELATIONAL, hintLoss, contrastiveLoss, softTargetLoss };

describe.each(Object.entries(RELATIONAL))('%s', (name, loss) => {
  test('does not change when features are rotated or scaled', () => {
    const [t, s] = [normal([7, 5], 1), normal([7, 4], 2)];
    const plain = loss(t, s).item();
    expect(plain).toBeGreaterThan(1e-3);
    for (const other of [mul(s, 1e-30), mul(s, 1e30), matmul(s, rotation(4)), mul(s, -3)])
      expect(Math.abs(loss(t, other).item() - plain)).toBeLessThan(1e-5);
    expect(Math.abs(loss(mul(matmul(t, rotation(5)), 1e25), s).item() - plain)).toBeLessThan(1e-5);
    expect(loss(t, matmul(mul(t, 4), rotation(5))).item()).toBeLessThan(1e-10);
  });

  test('does not change with the order of the samples', () => {
    const [t, s] = [normal([6, 5], 3), normal([6, 4], 4)];
    const turned = (x: Tensor): Tensor => slice(x, [[null, null, -1]]);
    expect(Math.abs(loss(turned(t), turned(s)).item() - loss(t, s).item())).toBeLessThan(1e-6);
  });

  test.runIf(name !== 'similarityLoss')('does not change when features are moved', () => {
    const [t, s] = [normal([7, 5], 1), normal([7, 4], 2)];
    const moved = fromData(
      Float32Array.from(s.data, (value, i) => value + [3, -2, 5, 1][i % 4]!),
      s.shape,
    );
    expect(Math.abs(loss(t, moved).item() - loss(t, s).item())).toBeLessThan(1e-5);
  });

  test('has finite gradients where samples are equal, zero or alone', () => {
    const t = normal([6, 5], 5);
    const s = normal([6, 4], 6);
    const twice = concat([slice(s, [[0, 3]]), slice(s, [[0, 3]])]);
    for (const other of [twice, filled([6, 4], 0), filled([6, 4], 0.1), filled([6, 4], 7e30)]) {
      for (const [teacher, student] of [
        [t, other],
        [other, t],
        [other, other],
      ] as const) {
        const { value, gradient } = withGradient(loss, teacher, student);
        expect(Number.isFinite(value)).toBe(true);
        expect(gradient.every(Number.isFinite)).toBe(true);
      }
      expect(loss(other, other).item()).toBe(0);
    }
    const alone = withGradient(loss, normal([1, 5], 1), normal([1, 4], 2));
    expect(alone.value).toBeLessThan(1e-12);
    expect(alone.gradient.every((g) => Math.abs(g) < 1e-6)).toBe(true);
  });
});

test('samples that are equal to the bit are at a distance of exactly 0', () => {
  const x = normal([1, 300], 9);
  const t = concat([x, normal([1, 300], 10), x]);
  const s = concat([mul(x, 3), normal([1, 300], 11), mul(x, 3)]);
  expect(relationalDistanceLoss(t, s).item()).toBeLessThan(1e-13);
});

test('two samples enclose no angle, and are at the mean distance', () => {
  const [t, s] = [normal([2, 5], 1), normal([2, 4], 2)];
  expect(relationalAngleLoss(t, s).item()).toBe(0);
  expect(relationalDistanceLoss(t, s).item()).toBe(0);
});

describe.each(Object.entries(ALL))('%s', (name, loss) => {
  test('is 0, or least, where the student is its teacher', () => {
    for (let seed = 1; seed < 6; seed++) {
      const t = normal([6, 5], seed);
      const at = (s: Tensor): number => loss(t, s).item();
      expect(at(normal([6, 5], seed + 20))).toBeGreaterThan(at(t));
      if (name !== 'contrastiveLoss') expect(at(t)).toBe(0);
    }
  });

  test('is a number for the largest and smallest features, and so is its gradient', () => {
    for (const size of [1e-38, 1e-20, 1e15]) {
      const { value, gradient } = withGradient(loss, mul(normal([4, 5], 1), size), mul(normal([4, 5], 2), size));
      expect(Number.isFinite(value)).toBe(true);
      expect(gradient.some(Number.isNaN)).toBe(false);
    }
  });
});

describe('attention', () => {
  const t = normal([4, 6, 3, 5], 1);
  const s = normal([4, 6, 3, 2], 2);

  test('does not change with scale, with the order of channels or a rotation of them', () => {
    const plain = attentionLoss(t, s).item();
    const shuffled = permute(permute(s, [3, 0, 1, 2]), [1, 2, 3, 0]);
    for (const other of [mul(s, 1e30), mul(s, 1e-30), shuffled, slice(s, [null, null, null, [null, null, -1]])])
      expect(Math.abs(attentionLoss(t, other).item() - plain)).toBeLessThan(1e-6);
    expect(Math.abs(attentionLoss(matmul(t, rotation(5)), s).item() - plain)).toBeLessThan(1e-6);
    expect(attentionLoss(t, mul(t, 5)).item()).toBeLessThan(1e-12);
  });

  test('is from 0 to 1, and 1 where no place is active in both', () => {
    const at = (...active: number[]): Tensor =>
      fromData(
        Float32Array.from({ length: 4 }, (_, i) => Number(active.includes(i))),
        [1, 4, 1],
      );
    expect(attentionLoss(at(0, 1), at(2, 3)).item()).toBeCloseTo(1, 6);
    expect(attentionLoss(at(0, 1), at(0, 1)).item()).toBe(0);
  });

  test('of a sample without activity is a map of zeros, with no gradient', () => {
    const none = filled([2, 3, 3, 2], 0);
    expect(values(attentionMap(none)).every((value) => value === 0)).toBe(true);
    const { value, gradient } = withGradient(attentionLoss, normal([2, 3, 3, 4], 1), none);
    expect(value).toBeCloseTo(0.5, 6);
    expect(gradient.every((g) => g === 0)).toBe(true);
  });

  test('maps have length 1 and the places of the features', () => {
    const map = attentionMap(t);
    expect(map.shape).toEqual([4, 6, 3]);
    expect(values(map).reduce((sum, value) => sum + value ** 2, 0)).toBeCloseTo(4, 5);
    expect(attentionLoss(normal([2, 8, 3], 1), normal([2, 4, 9], 2)).shape).toEqual([]); // sequences, one averaged down
  });

  test('refuses vectors, and places that are no multiples of each other', () => {
    expect(() => attentionLoss(normal([4, 5]), normal([4, 5]))).toThrow(
      'attentionLoss: needs features [batch, places..., channels], got [4, 5] and [4, 5]',
    );
    expect(() => attentionLoss(normal([4, 6, 6, 2]), normal([4, 4, 6, 2]))).toThrow(
      'attentionLoss: maps of such sizes cannot be compared: along each axis one must be a multiple of the other, got [6, 6] and [4, 6]. Take layers where the images are of one size',
    );
    expect(() => attentionMap(normal([4, 5]))).toThrow(/needs features/);
  });
});

describe('contrast', () => {
  const t = normal([8, 6], 1);

  test('falls when pairs agree, and does not see lengths', () => {
    const noise = normal([8, 6], 2);
    const losses = [8, 2, 1, 0].map((far) =>
      contrastiveLoss(
        t,
        matmul(
          fromData(
            Float32Array.from(t.data, (v, i) => v + far * noise.data[i]!),
            t.shape,
          ),
          tensor(Array.from({ length: 6 }, (_, i) => Array.from({ length: 6 }, (_, j) => 3 * Number(i === j)))),
        ),
      ).item(),
    );
    expect(losses).toEqual([...losses].sort((p, q) => q - p));
    expect(Math.abs(contrastiveLoss(t, mul(noise, 1e20)).item() - contrastiveLoss(t, noise).item())).toBeLessThan(1e-5);
  });

  test('of one sample without others is 0; of zeros it has no gradient', () => {
    const alone = withGradient(contrastiveLoss, normal([1, 4], 1), normal([1, 4], 2));
    expect(alone.value).toBe(0);
    expect(alone.gradient.every((g) => Math.abs(g) < 1e-6)).toBe(true);
    const zeros = withGradient(contrastiveLoss, t, filled([8, 6], 0));
    expect(zeros.value).toBeCloseTo(Math.log(8), 5);
    expect(zeros.gradient.every((g) => g === 0)).toBe(true);
  });

  test('samples of one mark are no negatives of each other', () => {
    const s = normal([8, 6], 3);
    const same = integers(...Array<number>(8).fill(5));
    expect(contrastiveLoss(t, s, { marks: same }).item()).toBe(0);
    const all = integers(0, 1, 2, 3, 4, 5, 6, 7);
    const plain = contrastiveLoss(t, s).item();
    expect(contrastiveLoss(t, s, { marks: all }).item()).toBe(plain);
    // The batch itself in the memory: every sample meets the others once more, and never itself.
    const doubled = contrastiveLoss(t, s, { marks: all, negatives: { embeddings: t, marks: all } }).item();
    expect(doubled).toBeGreaterThan(plain);
    expect(doubled).toBeLessThan(plain + Math.log(2));
    expect(contrastiveLoss(t, s, { marks: all, negatives: { embeddings: t, marks: same } }).item()).toBeGreaterThan(
      plain,
    );
  });

  test('refuses what does not fit', () => {
    const s = normal([8, 6], 3);
    const marks = integers(0, 1, 2, 3, 4, 5, 6, 7);
    const negatives = { embeddings: normal([3, 6]), marks: integers(1, 2, 3) };
    expect(() => contrastiveLoss(t, normal([8, 5]))).toThrow(/Project both to one width/);
    expect(() => contrastiveLoss(t, s, { temperature: 0 })).toThrow(/temperature must be positive/);
    expect(() => contrastiveLoss(t, s, { negatives })).toThrow(/negatives need marks of the batch/);
    expect(() => contrastiveLoss(t, s, { marks, negatives: { ...negatives, embeddings: normal([3, 5]) } })).toThrow(
      /its width/,
    );
    expect(() => contrastiveLoss(t, s, { marks: integers(1) })).toThrow(/a mark for each embedding/);
    expect(() => contrastiveLoss(t, s, { marks: normal([8]) })).toThrow(/marks must be int32/);
    expect(() => contrastiveLoss(t, s, { form: 'nce' as never })).toThrow(/infoNCE or crd/);
    expect(() => contrastiveLoss(normal([8, 2, 3]), normal([8, 2, 3]))).toThrow(/\[batch, width\]/);
  });
});

describe('a memory of embeddings', () => {
  const memoryOf = (entries: number, seed = 0): ContrastiveMemory => new ContrastiveMemory({ entries, width: 2, seed });
  const rows = (first: number, count: number): Tensor =>
    fromData(
      Float32Array.from({ length: 2 * count }, (_, i) => first + Math.floor(i / 2)),
      [count, 2],
    );
  const numbers = (first: number, count: number): Tensor =>
    integers(...Array.from({ length: count }, (_, i) => first + i));

  test('is a ring: what is drawn is among the latest, with its own mark', () => {
    const memory = memoryOf(5);
    expect(() => memory.draw(3)).toThrow('draw: the memory holds no embeddings: push() some first');
    memory.push(rows(10, 3), numbers(100, 3));
    expect(memory.filled).toBe(3);
    expect(new Set(values(memory.draw(64).marks))).toEqual(new Set([100, 101, 102]));
    memory.push(rows(13, 4), numbers(103, 4));
    expect(memory.filled).toBe(5);
    const { embeddings, marks } = memory.draw(200);
    expect(new Set(values(marks))).toEqual(new Set([102, 103, 104, 105, 106]));
    values(marks).forEach((mark, i) => {
      expect(values(embeddings).slice(2 * i, 2 * i + 2)).toEqual([mark - 90, mark - 90]);
    });
  });

  test('draws by its seed and how often it drew', () => {
    const draws = (seed: number): number[][] => {
      const memory = memoryOf(50, seed);
      memory.push(rows(0, 50), numbers(0, 50));
      return [1, 2].map(() => values(memory.draw(20).marks));
    };
    expect(draws(3)).toEqual(draws(3));
    expect(draws(3)).not.toEqual(draws(4));
    expect(draws(3)[0]).not.toEqual(draws(3)[1]);
  });

  test('keeps numbers, not tensors', () => {
    const memory = memoryOf(2);
    const given = rows(1, 2);
    memory.push(given, numbers(0, 2));
    given.storage.array.fill(9);
    expect(values(memory.draw(8).embeddings)).not.toContain(9);
  });

  test('refuses other embeddings', () => {
    const memory = memoryOf(5);
    expect(() => memory.push(normal([3, 3]), numbers(0, 3))).toThrow(
      'push: this memory holds embeddings [count, 2], got [3, 3]',
    );
    expect(() => memory.push(new Random(1).normal([3, 2], 0, 1, 'float64'), numbers(0, 3))).toThrow(/holds float32/);
    expect(() => memory.push(rows(0, 3), numbers(0, 2))).toThrow(/a mark for each/);
    expect(() => new ContrastiveMemory({ entries: 0, width: 2 })).toThrow(/entries must be an integer of at least 1/);
    expect(() => memory.draw(0)).toThrow(/count must be/);
  });
});

test('decoupled loss is 0 for the teacher, counts what it says, and refuses one class', () => {
  const [t, s, y] = [normal([5, 4], 1), normal([5, 4], 2), integers(0, 1, 2, 3, 0)];
  expect(decoupledLoss(t, t, y).item()).toBe(0);
  const parts = [
    { alpha: 1, beta: 0 },
    { alpha: 0, beta: 1 },
  ].map((weights) => decoupledLoss(t, s, y, weights).item()) as [number, number];
  expect(decoupledLoss(t, s, y, { alpha: 2, beta: 3 }).item()).toBeCloseTo(2 * parts[0] + 3 * parts[1], 4);
  const two = [normal([5, 2], 1), normal([5, 2], 2), integers(0, 1, 1, 1, 0)] as const;
  expect(decoupledLoss(...two, { alpha: 0, beta: 1 }).item()).toBe(0);
  expect(decoupledLoss(...two).item()).toBeCloseTo(softTargetLoss(two[0], two[1], { temperature: 4 }).item(), 5);
  expect(() => decoupledLoss(normal([5, 1]), normal([5, 1]), y)).toThrow(/two classes or more/);
  expect(() => decoupledLoss(t, s, normal([5]))).toThrow(/labels must be int32/);
  expect(() => hintLoss(normal([5, 4]), normal([5, 3]))).toThrow(/1x1 convolution that is trained with it/);
  expect(() => softTargetLoss(t, s, { temperature: 0 })).toThrow(/temperature must be positive/);
});
