import { describe, expect, test } from 'vitest';
import {
  attentionLoss,
  cast,
  contrastiveLoss,
  cpu,
  decoupledLoss,
  fromData,
  gradcheck,
  hintLoss,
  Random,
  reference,
  relationalAngleLoss,
  relationalDistanceLoss,
  reshape,
  setBackend,
  similarityLoss,
  softTargetLoss,
  type Tensor,
  valueAndGrad,
  wasm,
} from '../../src/index.ts';
import * as plain from './plain-losses.ts';

const drawn = (shape: readonly number[], seed: number): Tensor =>
  new Random(seed, 'loss').normal(shape, 0, 1, 'float64');
const single = (t: Tensor): Tensor => cast(t, 'float32');
const integers = (...list: number[]): Tensor => fromData(Int32Array.from(list));
const rows = (t: Tensor): number[][] => {
  const width = t.size / t.shape[0]!;
  return Array.from({ length: t.shape[0]! }, (_, i) => Array.from(t.data).slice(i * width, (i + 1) * width));
};
/** Mean squares of the channels: [batch][places]. */
const energies = (t: Tensor): number[][] =>
  rows(reshape(t, [t.shape[0]!, -1, t.shape.at(-1)!])).map((sample) => {
    const channels = t.shape.at(-1)!;
    const places = Array.from({ length: sample.length / channels }, (_, i) =>
      sample.slice(i * channels, (i + 1) * channels),
    );
    return places.map((place) => plain.meanOf(place.map((value) => value ** 2)));
  });
/** Means over 2x2 blocks of maps of so many columns. */
const halved = (map: readonly number[], columns: number): number[] =>
  Array.from({ length: map.length / 4 }, (_, at) => {
    const first = 2 * columns * Math.floor((2 * at) / columns) + ((2 * at) % columns);
    return plain.meanOf([0, 1, columns, columns + 1].map((step) => map[first + step]!));
  });

interface Case {
  readonly of: (t: Tensor, s: Tensor) => Tensor;
  readonly wanted: (t: Tensor, s: Tensor) => number;
  readonly teacher: readonly number[];
  readonly student: readonly number[];
}

const marks = [4, 7, 4, 1, 0, 2];
const others = { embeddings: drawn([9, 5], 77), marks: [9, 4, 0, 8, 8, 7, 3, 2, 1] };
const negativesFor = (t: Tensor) => ({
  embeddings: t.dtype === 'float32' ? single(others.embeddings) : others.embeddings,
  marks: integers(...others.marks),
});

const CASES: Record<string, Case> = {
  'soft targets': {
    of: (t, s) => softTargetLoss(t, s, { temperature: 5 }),
    wanted: (t, s) => plain.softTarget(rows(t), rows(s), 5),
    teacher: [6, 4],
    student: [6, 4],
  },
  'soft targets of sigmoids': {
    of: (t, s) => softTargetLoss(t, s, { temperature: 2, activation: 'sigmoid' }),
    wanted: (t, s) => plain.softTargetOfSigmoids(rows(t), rows(s), 2),
    teacher: [6, 4],
    student: [6, 4],
  },
  decoupled: {
    of: (t, s) => decoupledLoss(t, s, integers(0, 1, 2, 3, 0, 2), { temperature: 3, alpha: 0.7, beta: 4 }),
    wanted: (t, s) => plain.decoupled(rows(t), rows(s), [0, 1, 2, 3, 0, 2], 3, 0.7, 4),
    teacher: [6, 4],
    student: [6, 4],
  },
  hints: { of: hintLoss, wanted: (t, s) => plain.hint(rows(t), rows(s)), teacher: [6, 2, 3, 4], student: [6, 2, 3, 4] },
  attention: {
    of: attentionLoss,
    wanted: (t, s) => plain.attention(energies(t), energies(s)),
    teacher: [5, 3, 4, 2],
    student: [5, 3, 4, 7],
  },
  'attention of maps of two sizes': {
    of: attentionLoss,
    wanted: (t, s) =>
      plain.attention(
        energies(t).map((map) => halved(map, 6)),
        energies(s),
      ),
    teacher: [5, 4, 6, 2],
    student: [5, 2, 3, 3],
  },
  'relational distance': {
    of: relationalDistanceLoss,
    wanted: (t, s) => plain.relationalDistance(rows(t), rows(s)),
    teacher: [6, 5],
    student: [6, 2, 4],
  },
  'relational angle': {
    of: relationalAngleLoss,
    wanted: (t, s) => plain.relationalAngle(rows(t), rows(s)),
    teacher: [6, 5],
    student: [6, 3],
  },
  similarity: {
    of: similarityLoss,
    wanted: (t, s) => plain.similarity(rows(t), rows(s)),
    teacher: [6, 5],
    student: [6, 3],
  },
  infoNCE: {
    of: (t, s) => contrastiveLoss(t, s, { temperature: 0.5 }),
    wanted: (t, s) => plain.contrastive(rows(t), rows(s), { temperature: 0.5 }),
    teacher: [6, 5],
    student: [6, 5],
  },
  'infoNCE both ways': {
    of: (t, s) => contrastiveLoss(t, s, { temperature: 0.5, symmetric: true }),
    wanted: (t, s) =>
      (plain.contrastive(rows(t), rows(s), { temperature: 0.5 }) +
        plain.contrastive(rows(s), rows(t), { temperature: 0.5 })) /
      2,
    teacher: [6, 5],
    student: [6, 5],
  },
  'infoNCE with negatives': {
    of: (t, s) => contrastiveLoss(t, s, { temperature: 0.3, marks: integers(...marks), negatives: negativesFor(t) }),
    wanted: (t, s) =>
      plain.contrastive(rows(t), rows(s), {
        temperature: 0.3,
        marks,
        negatives: { embeddings: rows(others.embeddings), marks: others.marks },
      }),
    teacher: [6, 5],
    student: [6, 5],
  },
  CRD: {
    of: (t, s) =>
      contrastiveLoss(t, s, {
        form: 'crd',
        temperature: 0.5,
        marks: integers(...marks),
        negatives: negativesFor(t),
        samples: 100,
      }),
    wanted: (t, s) =>
      plain.contrastive(rows(t), rows(s), {
        form: 'crd',
        temperature: 0.5,
        marks,
        negatives: { embeddings: rows(others.embeddings), marks: others.marks },
        samples: 100,
      }),
    teacher: [6, 5],
    student: [6, 5],
  },
};

describe.each(Object.entries(CASES))('the loss of %s', (_, { of, wanted, teacher, student }) => {
  const pair = (seed: number): [Tensor, Tensor] => [drawn(teacher, seed), drawn(student, seed + 50)];

  test('is its formula', () => {
    for (const seed of [1, 2, 3]) {
      const [t, s] = pair(seed);
      const number = wanted(t, s);
      expect(Math.abs(of(t, s).item() - number)).toBeLessThan(1e-9 * Math.max(1, number));
      expect(Math.abs(of(single(t), single(s)).item() - number)).toBeLessThan(1e-5 * Math.max(1, number));
    }
  });

  test('has its gradient for the student, and none for the teacher', () => {
    const [t, s] = pair(4);
    expect(gradcheck((x) => of(t, x), [s])).toBeLessThan(1e-7);
    const { grads } = valueAndGrad(() => of(t, s), [t, s]);
    expect(Array.from(grads[0]!.data).every((g) => g === 0)).toBe(true);
    expect(Array.from(grads[1]!.data).some((g) => g !== 0)).toBe(true);
  });

  test('is a scalar, the same on every table of kernels', () => {
    const [t, s] = pair(5).map(single) as [Tensor, Tensor];
    const results = [reference, cpu, wasm()].map((table) => {
      const before = setBackend(table);
      try {
        const { value, grads } = valueAndGrad(() => of(t, s), [s]);
        expect(value.shape).toEqual([]);
        return [value.item(), ...Array.from(grads[0]!.data)];
      } finally {
        setBackend(before);
      }
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test('passes NaN on', () => {
    const [t, s] = pair(6);
    const spoilt = Float64Array.from(s.data);
    spoilt[0] = NaN;
    expect(of(t, fromData(spoilt, s.shape)).item()).toBeNaN();
  });

  test('refuses other samples, other types, and nothing', () => {
    const [t, s] = pair(7);
    expect(() =>
      of(
        t,
        drawn(
          [5, ...student.slice(1)].map((n, i) => (i === 0 ? n + 2 : n)),
          1,
        ),
      ),
    ).toThrow(/same samples/);
    expect(() => of(single(t), s)).toThrow(/element types differ/);
    expect(() =>
      of(
        fromData(new Float64Array(0), [0, ...teacher.slice(1)]),
        fromData(new Float64Array(0), [0, ...student.slice(1)]),
      ),
    ).toThrow(/no numbers/);
  });
});
