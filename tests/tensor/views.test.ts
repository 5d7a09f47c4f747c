import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';
import { keep, type SliceRange, type Tensor } from '../../src/index.ts';
import { copyOf } from '../../src/tensor/tensor.ts';
import { at, generate, type Plain, sizeOf, zip } from '../plain.ts';

const shapeArb = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const counted = (shape: readonly number[]): Plain => ({
  shape,
  data: Array.from({ length: sizeOf(shape) }, (_, i) => i),
});
const toTensor = (p: Plain): Tensor => w.tensor(Float64Array.from(p.data), { shape: p.shape, dtype: 'float32' });
const plainOf = (t: Tensor): Plain => ({ shape: t.shape, data: Array.from(t.data), dtype: undefined });

/** Python's slicing written down from its documentation: step from start until stop is reached or passed. */
function pythonRange(n: number, [start, stop, step = 1]: readonly [number | null, number | null, number]): number[] {
  const place = (end: number, low: number, high: number): number => {
    const from = end < 0 ? end + n : end;
    return Math.min(Math.max(from, low), high);
  };
  const list: number[] = [];
  if (step > 0) {
    const end = stop === null ? n : place(stop, 0, n);
    for (let i = start === null ? 0 : place(start, 0, n); i < end; i += step) list.push(i);
  } else {
    const end = stop === null ? -1 : place(stop, -1, n - 1);
    for (let i = start === null ? n - 1 : place(start, -1, n - 1); i > end; i += step) list.push(i);
  }
  return list;
}

const end = fc.option(fc.integer({ min: -7, max: 7 }), { nil: null });
const range = fc.tuple(end, end, fc.constantFrom(-3, -2, -1, 1, 2, 3));

describe('slice', () => {
  test("follows Python's rule for every start, stop and step", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), range, (n, ends) => {
        const got = w.slice(toTensor(counted([n])), [ends]);
        expect(Array.from(got.data)).toEqual(pythonRange(n, ends));
      }),
      { numRuns: 500 },
    );
  });

  test('shares memory with what it was cut from', () => {
    const t = w.tensor([1, 2, 3, 4]);
    w.assign(w.slice(t, [[null, null, 2]]), w.tensor([10, 30]));
    expect(Array.from(t.data)).toEqual([10, 2, 30, 4]);
  });
});

describe('broadcasting', () => {
  /** A shape that broadcasts with another: some axes turned into 1, some leading axes left out. */
  const pairArb = shapeArb.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      fc.nat(shape.length),
    ),
  );

  test('gives what a naive loop gives', () => {
    fc.assert(
      fc.property(pairArb, ([shape, onesA, onesB, drop]) => {
        const a = counted(shape.map((n, axis) => (onesA[axis] ? 1 : n)));
        const b = counted(shape.map((n, axis) => (onesB[axis] ? 1 : n)).slice(drop));
        const want = zip((p, q) => p - 2 * q)(a, b);
        const got = w.sub(toTensor(a), w.mul(toTensor(b), 2));
        expect(plainOf(got)).toEqual({ ...want, dtype: undefined });
      }),
      { numRuns: 300 },
    );
  });
});

/** What a view shows of an axis: all, one index, every second, or all from the end. */
const CUTS: readonly ((n: number) => SliceRange & readonly unknown[])[] = [
  (n) => [0, n],
  (n) => [0, Math.min(1, n)],
  (n) => [n - 1, n],
  () => [null, null, 2],
  () => [null, null, -1],
];

describe('operands that are views', () => {
  const operations: readonly [string, (a: Tensor, b: Tensor) => Tensor, (p: number, q: number) => number][] = [
    ['sub', w.sub, (p, q) => p - q],
    ['mul', w.mul, (p, q) => p * q],
    ['maximum', w.maximum, Math.max],
    ['less', w.less, (p, q) => Number(p < q)],
  ];
  const cuts = fc.array(fc.nat(CUTS.length - 1), { minLength: 4, maxLength: 4 });

  /** Part of a tensor and the same of plain numbers; axes are cut in turn. */
  function cut(p: Plain, which: readonly number[]): { view: () => Tensor; model: Plain } {
    const ranges = p.shape.map((n, axis) => CUTS[which[axis]!]!(n));
    const kept = p.shape.map((n, axis) => {
      const [start = null, stop = null, step = 1] = ranges[axis] as [number | null, number | null, number?];
      return pythonRange(n, [start, stop, step]);
    });
    const shape = kept.map((list) => list.length);
    const model = generate(shape, (index) =>
      at(
        p,
        index.map((i, axis) => kept[axis]![i]!),
      ),
    );
    return { view: () => w.slice(toTensor(p), ranges), model };
  }

  test.each(operations)('give what a naive loop gives, whatever is broadcast, in a step too: %s', (_, op, plain) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }), cuts, cuts, (shape, first, second) => {
        const a = cut(counted(shape), first);
        const b = cut(counted(shape), second);
        const broadcasts = a.model.shape.every(
          (n, axis) => n === b.model.shape[axis] || n === 1 || b.model.shape[axis] === 1,
        );
        fc.pre(broadcasts);
        const { shape: wanted, data } = zip(plain)(a.model, b.model);
        const check = (): void => {
          const got = op(a.view(), b.view());
          expect({ shape: got.shape, data: Array.from(got.data) }).toEqual({ shape: wanted, data });
        };
        check();
        w.step(check);
      }),
      { numRuns: 300 },
    );
  });

  test.each(operations)('give the first column of a matrix to each row of it: %s', (_, op, plain) => {
    for (const [rows, cols] of [
      [3, 4],
      [4, 4],
      [5, 1],
      [2, 9],
    ] as const) {
      const x = counted([rows, cols]);
      const first = x.data.map((_value, i) => x.data[i - (i % cols)]!);
      const check = (): void => {
        const t = toTensor(x);
        const column = w.slice(t, [null, [0, 1]]);
        expect(Array.from(op(t, column).data)).toEqual(x.data.map((value, i) => plain(value, first[i]!)));
        expect(Array.from(op(column, t).data)).toEqual(x.data.map((value, i) => plain(first[i]!, value)));
      };
      check();
      w.step(check);
    }
  });
});

/** One step of a chain of views: on a tensor, and on plain numbers by index arithmetic. */
interface Step {
  readonly name: string;
  readonly view: (t: Tensor) => Tensor;
  readonly model: (p: Plain) => Plain;
}

type Pick = (n: number) => number;

const steps: readonly ((p: Plain, pick: Pick) => Step | null)[] = [
  (p, pick) => {
    const order = p.shape.map((_, axis) => axis).sort(() => pick(3) - 1);
    return {
      name: `permute ${order}`,
      view: (t) => w.permute(t, order),
      model: (x) =>
        generate(
          order.map((axis) => x.shape[axis]!),
          (index) =>
            at(
              x,
              order.map((_, axis) => index[order.indexOf(axis)]!),
            ),
        ),
    };
  },
  (p, pick) => {
    const options = [[p.data.length], [1, p.data.length], [p.data.length, 1], p.shape.filter((n) => n !== 1)];
    if (p.data.length % 2 === 0) options.push([2, p.data.length / 2], [p.data.length / 2, 2]);
    const shape = options[pick(options.length)]!;
    return { name: `reshape ${shape}`, view: (t) => w.reshape(t, shape), model: (x) => ({ ...x, shape }) };
  },
  (p, pick) => {
    const ends = p.shape.map((n) => {
      const one = (): number | null => (pick(3) === 0 ? null : pick(2 * n + 3) - n - 1);
      return [one(), one(), [1, 2, -1, -2, 1, -1][pick(6)]!] as const;
    });
    const kept = ends.map((e, axis) => pythonRange(p.shape[axis]!, e));
    return {
      name: `slice ${JSON.stringify(ends)}`,
      view: (t) => w.slice(t, ends as readonly SliceRange[]),
      model: (x) =>
        generate(
          kept.map((list) => list.length),
          (index) =>
            at(
              x,
              index.map((i, axis) => kept[axis]![i]!),
            ),
        ),
    };
  },
  (p, pick) => {
    if (p.shape.length === 0 || p.shape[0] === 0) return null;
    const i = pick(p.shape[0]!);
    return {
      name: `pick ${i}`,
      view: (t) => w.slice(t, [pick(2) === 0 ? i : i - p.shape[0]!]),
      model: (x) => generate(x.shape.slice(1), (index) => at(x, [i, ...index])),
    };
  },
  () => ({
    name: 'squeeze',
    view: (t) => w.squeeze(t),
    model: (x) => ({ ...x, shape: x.shape.filter((n) => n !== 1) }),
  }),
  (p, pick) => {
    if (p.shape.length > 6) return null;
    const axis = pick(p.shape.length + 1);
    return {
      name: `expandDims ${axis}`,
      view: (t) => w.expandDims(t, axis),
      model: (x) => ({ ...x, shape: [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)] }),
    };
  },
  (p, pick) => {
    if (p.shape.length > 6 || p.data.length > 200) return null;
    const shape = [1 + pick(2), ...p.shape.map((n) => (n === 1 ? 1 + pick(3) : n))];
    return {
      name: `broadcastTo ${shape}`,
      view: (t) => w.broadcastTo(t, shape),
      model: (x) => generate(shape, (index) => at(x, index)),
    };
  },
  (p, pick) => {
    const axes = [...p.shape.keys()].filter(() => pick(2) === 0);
    return {
      name: `flip ${axes}`,
      view: (t) => w.flip(t, axes),
      model: (x) =>
        generate(x.shape, (index) =>
          at(
            x,
            index.map((i, axis) => (axes.includes(axis) ? x.shape[axis]! - 1 - i : i)),
          ),
        ),
    };
  },
];

test('chains of views show what index arithmetic says, can be copied, and lie in the memory they came from', () => {
  fc.assert(
    fc.property(shapeArb, fc.array(fc.nat(1e9), { minLength: 1, maxLength: 8 }), (shape, choices) => {
      let model = counted(shape);
      let view = toTensor(model);
      const { storage } = view;
      const names: string[] = [];
      for (const choice of choices) {
        let state = choice;
        const pick: Pick = (n) => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return Math.floor((state / 4294967296) * n);
        };
        const step = steps[pick(steps.length)]!(model, pick);
        if (step === null) continue;
        names.push(step.name);
        view = step.view(view);
        model = step.model(model);
        expect(plainOf(view), names.join(', ')).toEqual({ ...model, dtype: undefined });
        expect(plainOf(copyOf(view))).toEqual(plainOf(view));
        expect(plainOf(keep(view))).toEqual(plainOf(view));
        expect(view.strides.length).toBe(view.rank);
        if (!names.some((name) => name.startsWith('reshape'))) expect(view.storage).toBe(storage);
      }
    }),
    { numRuns: 400 },
  );
});

test('reshape there and back is the same', () => {
  fc.assert(
    fc.property(shapeArb, (shape) => {
      const t = toTensor(counted(shape));
      expect(plainOf(w.reshape(w.reshape(t, [t.size]), shape))).toEqual(plainOf(t));
    }),
  );
});

test('a view whose elements lie row-major is recognised: its data is the live memory, not a copy', () => {
  const t = w.tensor(
    Float32Array.from({ length: 24 }, (_, i) => i),
    { shape: [2, 3, 4] },
  );
  const same: readonly Tensor[] = [
    w.transpose(w.transpose(t)),
    w.permute(w.permute(t, [2, 0, 1]), [1, 2, 0]),
    w.flip(w.flip(t, [1]), [1]),
    w.reshape(t, [6, 4]),
    w.permute(w.reshape(t, [6, 1, 4]), [1, 0, 2]),
  ];
  const other: readonly Tensor[] = [w.transpose(t), w.flip(t, [1]), w.permute(t, [0, 2, 1])];
  for (const view of same) expect(view.data).toBe(t.data);
  for (const view of other) expect(view.data).not.toBe(t.data);
});
