import { describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  cosineDecay,
  cpu,
  exponentialDecay,
  fromData,
  grad,
  type Kernels,
  mul,
  Optimizer,
  type OptimizerState,
  Parameter,
  parameter,
  piecewiseConstant,
  RMSprop,
  reference,
  SGD,
  ShapeError,
  StateError,
  setBackend,
  square,
  stepDecay,
  sub,
  sum,
  type Tensor,
  transpose,
  ValueError,
  warmup,
} from '../../src/index.ts';
import { expectClose, list, noise, of } from './tools.ts';

/** One parameter element's rule: from weight and gradient to the next weight; `s` keeps what it needs. */
type Rule = (w: number, g: number, t: number, s: Record<string, number>) => number;

const adam =
  (o: { paper?: boolean; amsgrad?: boolean; decay?: number; rate?: number; b1?: number; b2?: number } = {}): Rule =>
  (w, g, t, s) => {
    const { paper = false, amsgrad = false, decay = 0, rate = 1e-3, b1 = 0.9, b2 = 0.999 } = o;
    s.m = b1 * (s.m ?? 0) + (1 - b1) * g;
    s.v = b2 * (s.v ?? 0) + (1 - b2) * g ** 2;
    s.top = Math.max(s.top ?? 0, s.v);
    const v = amsgrad ? s.top : s.v;
    const shrunk = w - rate * decay * w;
    if (paper) return shrunk - (rate * (s.m / (1 - b1 ** t))) / (Math.sqrt(v / (1 - b2 ** t)) + 1e-7);
    return shrunk - (((rate * Math.sqrt(1 - b2 ** t)) / (1 - b1 ** t)) * s.m) / (Math.sqrt(v) + 1e-7);
  };
const sgd =
  (rate = 0.01, momentum = 0, nesterov = false): Rule =>
  (w, g, _t, s) => {
    s.v = momentum * (s.v ?? 0) - rate * g;
    return w + (nesterov ? momentum * s.v - rate * g : s.v);
  };
const rmsprop =
  (momentum = 0, rate = 1e-3): Rule =>
  (w, g, _t, s) => {
    s.v = 0.9 * (s.v ?? 0) + 0.1 * g ** 2;
    s.step = momentum * (s.step ?? 0) + (rate * g) / Math.sqrt(s.v + 1e-7);
    return w - s.step;
  };
const adagrad: Rule = (w, g, _t, s) => {
  s.v = (s.v ?? 0.1) + g ** 2;
  return w - (0.001 * g) / Math.sqrt(s.v + 1e-7);
};
const scheduled =
  (rate: (step: number) => number): Rule =>
  (w, g, t) =>
    w - rate(t - 1) * g;

type Clip = (gradients: number[][]) => number[][];
const norm = (g: readonly number[]): number => Math.sqrt(g.reduce((a, v) => a + v * v, 0));
const shrink = (g: number[], length: number, limit: number): number[] =>
  g.map((v) => (length > limit ? (v * limit) / length : v));
const byValue =
  (limit: number): Clip =>
  (gs) =>
    gs.map((g) => g.map((v) => Math.max(-limit, Math.min(limit, v))));
const byNorm =
  (limit: number): Clip =>
  (gs) =>
    gs.map((g) => shrink(g, norm(g), limit));
const byGlobalNorm =
  (limit: number): Clip =>
  (gs) =>
    gs.map((g) => shrink(g, norm(gs.flat()), limit));

const cases: [string, () => Optimizer, Rule, Clip?][] = [
  ['SGD', () => new SGD(), sgd()],
  ['SGD with momentum', () => new SGD({ learningRate: 0.02, momentum: 0.9 }), sgd(0.02, 0.9)],
  ['SGD with nesterov', () => new SGD({ momentum: 0.8, nesterov: true }), sgd(0.01, 0.8, true)],
  ['Adam', () => new Adam(), adam()],
  [
    'Adam of other rates',
    () => new Adam({ learningRate: 0.1, beta1: 0.5, beta2: 0.9 }),
    adam({ rate: 0.1, b1: 0.5, b2: 0.9 }),
  ],
  ['Adam in paper mode', () => new Adam({ epsilonMode: 'paper' }), adam({ paper: true })],
  ['Adam with amsgrad', () => new Adam({ amsgrad: true, beta2: 0.5 }), adam({ amsgrad: true, b2: 0.5 })],
  ['Adam with weight decay', () => new Adam({ weightDecay: 0.1 }), adam({ decay: 0.1 })],
  ['AdamW', () => new AdamW(), adam({ decay: 0.004 })],
  ['RMSprop', () => new RMSprop(), rmsprop()],
  ['RMSprop with momentum', () => new RMSprop({ momentum: 0.7 }), rmsprop(0.7)],
  ['Adagrad', () => new Adagrad(), adagrad],
  ['clipValue', () => new SGD({ clipValue: 0.3 }), sgd(), byValue(0.3)],
  ['clipNorm', () => new SGD({ clipNorm: 0.9 }), sgd(), byNorm(0.9)],
  ['globalClipNorm', () => new Adam({ globalClipNorm: 0.9 }), adam(), byGlobalNorm(0.9)],
  [
    'clipValue before clipNorm',
    () => new SGD({ clipNorm: 0.5, clipValue: 0.3 }),
    sgd(),
    (gs) => byNorm(0.5)(byValue(0.3)(gs)),
  ],
  [
    'clipValue before globalClipNorm',
    () => new SGD({ globalClipNorm: 0.7, clipValue: 0.4 }),
    sgd(),
    (gs) => byGlobalNorm(0.7)(byValue(0.4)(gs)),
  ],
  [
    'clipNorm before globalClipNorm',
    () => new SGD({ globalClipNorm: 0.7, clipNorm: 1.2 }),
    sgd(),
    (gs) => byGlobalNorm(0.7)(byNorm(1.2)(gs)),
  ],
  [
    'all three clippings and nesterov',
    () => new SGD({ momentum: 0.8, nesterov: true, globalClipNorm: 0.4, clipNorm: 0.5, clipValue: 0.3 }),
    sgd(0.01, 0.8, true),
    (gs) => byGlobalNorm(0.4)(byNorm(0.5)(byValue(0.3)(gs))),
  ],
  [
    'clipping, amsgrad and weight decay, which is not clipped,',
    () => new Adam({ epsilonMode: 'paper', amsgrad: true, beta2: 0.5, weightDecay: 0.3, globalClipNorm: 0.6 }),
    adam({ paper: true, amsgrad: true, b2: 0.5, decay: 0.3 }),
    byGlobalNorm(0.6),
  ],
  [
    'weight decay under a schedule',
    () => new AdamW({ learningRate: exponentialDecay(0.1, 7, 0.5), weightDecay: 0.2 }),
    (w, g, t, s) => adam({ rate: 0.1 * 0.5 ** ((t - 1) / 7), decay: 0.2 })(w, g, t, s),
  ],
  ['nesterov without momentum', () => new SGD({ nesterov: true }), sgd()],
  ['RMSprop with momentum, clipped', () => new RMSprop({ momentum: 0.7, clipNorm: 0.6 }), rmsprop(0.7), byNorm(0.6)],
  [
    'exponentialDecay',
    () => new SGD({ learningRate: exponentialDecay(0.1, 7, 0.5) }),
    scheduled((t) => 0.1 * 0.5 ** (t / 7)),
  ],
  [
    'exponentialDecay in stairs',
    () => new SGD({ learningRate: exponentialDecay(0.1, 7, 0.5, true) }),
    scheduled((t) => 0.1 * 0.5 ** Math.floor(t / 7)),
  ],
  [
    'stepDecay',
    () => new SGD({ learningRate: stepDecay(0.1, 20, 0.1) }),
    scheduled((t) => 0.1 * 0.1 ** Math.floor(t / 20)),
  ],
  [
    'piecewiseConstant',
    () => new SGD({ learningRate: piecewiseConstant([10, 30], [0.3, 0.2, 0.1]) }),
    scheduled((t) => (t < 10 ? 0.3 : t < 30 ? 0.2 : 0.1)),
  ],
  [
    'warmup',
    () => new SGD({ learningRate: warmup(5, exponentialDecay(0.1, 10, 0.5)) }),
    scheduled((t) => (t < 5 ? (0.1 * (t + 1)) / 5 : 0.1 * 0.5 ** ((t - 5) / 10))),
  ],
];

const shapes = [[3, 2], [5]] as const;
const start = noise(7);
const initial = shapes.map((shape) =>
  list(
    shape.reduce((a, b) => a * b, 1),
    start,
  ),
);
const pulls = Array.from({ length: 50 }, () => initial.map((w) => list(w.length, start)));

/** The trajectory by the formula, as the list of weights after each step. */
function golden(rule: Rule, clip: Clip = (g) => g, steps = 50): number[][] {
  let weights = initial.map((w) => [...w]);
  const slots = initial.map((w) => w.map(() => ({})));
  return pulls.slice(0, steps).map((gradients, t) => {
    const clipped = clip(gradients);
    weights = weights.map((w, i) => w.map((v, j) => rule(v, clipped[i]![j]!, t + 1, slots[i]![j]!)));
    return weights.flat();
  });
}

const parameters = (dtype: 'float32' | 'float64'): Tensor[] =>
  initial.map((w, i) => parameter(of(w, shapes[i]!, dtype)));
const gradients = (t: number, dtype: 'float32' | 'float64'): Tensor[] =>
  pulls[t]!.map((g, i) => of(g, shapes[i]!, dtype));
const numbers = (tensors: readonly Tensor[]): number[] => tensors.flatMap((t) => [...t.data]);

function withTable<T>(table: Kernels, body: () => T): T {
  const before = setBackend(table);
  try {
    return body();
  } finally {
    setBackend(before);
  }
}

describe('the rule of', () => {
  test.each(cases)('%s gives the trajectory of its formula over 50 steps in float64', (name, make, rule, clip) => {
    const [ps, optimizer] = [parameters('float64'), make()];
    golden(rule, clip).forEach((wanted, t) => {
      optimizer.apply(ps, gradients(t, 'float64'));
      expectClose(numbers(ps), wanted, 1e-9, `${name}, step ${t}`, 0.1); // near 0 a difference of larger numbers
    });
    expect(optimizer.iterations).toBe(50);
  });

  test.each(cases)('%s makes a float32 step close to it with every table', (name, make, rule, clip) => {
    const [wanted] = golden(rule, clip, 1);
    for (const table of [reference, cpu]) {
      withTable(table, () => {
        const [ps, optimizer] = [parameters('float32'), make()];
        optimizer.apply(ps, gradients(0, 'float32'));
        expectClose(numbers(ps), wanted!, 2e-5, name);
      });
    }
  });

  test('cosineDecay falls along half a cosine', () => {
    const rate = cosineDecay(0.4, 40, 0.1);
    for (const t of [0, 1, 10, 20, 39, 40, 100]) {
      const wanted = 0.4 * (0.1 + (0.9 * (1 + Math.cos((Math.PI * Math.min(t, 40)) / 40))) / 2);
      expect(rate(t)).toBeCloseTo(wanted, 7);
    }
  });

  test('the first step of Adam is as long as the learning rate, whatever the gradient', () => {
    for (const epsilonMode of ['hat', 'paper'] as const) {
      for (const g of [1e-3, 1, -250]) {
        const p = parameter(of([1], [1]));
        new Adam({ learningRate: 0.01, epsilonMode }).apply([p], [of([g], [1])]);
        expect(Math.abs(Math.abs(p.data[0]! - 1) - 0.01)).toBeLessThan(0.01 * 4e-3);
        expect(Math.sign(1 - p.data[0]!)).toBe(Math.sign(g));
      }
    }
  });
});

const stateful: [string, () => Optimizer][] = cases.map(([name, make]) => [name, make]);

describe('any optimizer', () => {
  test.each(stateful)('%s goes on to the bit from a saved state', (_name, make) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const [a, first] = [parameters(dtype), make()];
      for (let t = 0; t < 20; t++) first.apply(a, gradients(t, dtype));
      const state: OptimizerState = first.state(a);
      const b = a.map((p) => parameter(of([...p.data], p.shape, dtype)));
      for (let t = 20; t < 40; t++) first.apply(a, gradients(t, dtype));
      const second = make();
      second.restore(b, state);
      for (let t = 20; t < 40; t++) second.apply(b, gradients(t, dtype));
      expect(numbers(b)).toEqual(numbers(a));
      expect(second.state(b)).toEqual(first.state(a));
    }
  });

  test.each(stateful)('%s keeps masked weights at exactly 0 and moves the others', (_name, make) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const [given, optimizer] = [parameters(dtype), make()];
      const ps = given.map((value, i) => new Parameter(`p${i}`, value));
      for (let t = 0; t < 5; t++) optimizer.apply(ps, gradients(t, dtype)); // momentum from before the mask
      const alive = [0, 1, 1, 0, 1, 0];
      ps[0]!.mask = fromData(Uint8Array.from(alive), [3, 2], 'bool');
      const [before, free] = [[...given[0]!.data], [...given[1]!.data]];
      for (let t = 5; t < 25; t++) {
        optimizer.apply(ps, gradients(t, dtype));
        alive.forEach((is, i) => {
          if (is === 0) expect(given[0]!.data[i]).toBe(0);
          else if (t === 5) expect(given[0]!.data[i]).not.toBe(before[i]);
        });
      }
      expect([...given[1]!.data]).not.toEqual(free);
      for (const slot of Object.values(optimizer.state(ps).slots[0]!))
        alive.forEach((is, i) => {
          if (is === 0) expect(slot.data[i]).toBe(0);
        });
    }
  });

  test.each(stateful)('%s does not write into the gradients', (_name, make) => {
    const [ps, gs] = [parameters('float64'), gradients(0, 'float64')];
    make().apply(ps, gs);
    expect(numbers(gs)).toEqual(pulls[0]!.flat());
  });

  test('a masked weight that was NaN becomes 0', () => {
    const p = parameter(of([Number.NaN, 1], [2]));
    const pruned = new Parameter('p', p);
    pruned.mask = fromData(Uint8Array.of(0, 1), [2], 'bool');
    new Adam().apply([pruned], [of([Number.NaN, 1], [2])]);
    expect(p.data[0]).toBe(0);
    expect(p.data[1]).toBeCloseTo(0.999, 6);
  });

  test('minimizes a closure and returns the value before the step', () => {
    const w = parameter(of([4], [1]));
    const optimizer = new SGD({ learningRate: 0.25 });
    const loss = (): Tensor => sum(square(sub(w, 1)));
    expect(optimizer.minimize(loss, [w])).toBe(9);
    expect(w.data[0]).toBe(2.5);
    for (let i = 0; i < 60; i++) optimizer.minimize(loss, [w]);
    expect(w.data[0]).toBeCloseTo(1, 12);
  });

  test('notices a changed parameter between forward and backward', () => {
    const w = parameter(of([4], [1]));
    const optimizer = new SGD();
    expect(() =>
      grad(() => {
        const y = mul(w, w);
        optimizer.apply([w], [of([1], [1])]);
        return sum(y);
      }, [w]),
    ).toThrow(/assigned new numbers/);
  });

  test('refuses gradients that do not fit before it moves anything', () => {
    for (const bad of [of([1, 2], [2]), of([1], [1], 'float32')]) {
      const [a, b] = [parameter(of([1], [1])), parameter(of([1], [1]))];
      const optimizer = new SGD();
      expect(() => optimizer.apply([a, b], [of([1], [1]), bad])).toThrow(/SGD/);
      expect([a.data[0], b.data[0], optimizer.iterations]).toEqual([1, 1, 0]);
    }
    const p = parameter(of([1], [1]));
    expect(() => new SGD().apply([p], [])).toThrow(StateError);
    expect(() => new SGD().apply([p], [of([1, 2], [2])])).toThrow(ShapeError);
    const view = parameter(transpose(of([1, 2, 3, 4], [2, 2])));
    expect(() => new SGD().apply([view], [of([1, 2, 3, 4], [2, 2])])).toThrow(StateError);
  });

  test('refuses options out of range, naming what came', () => {
    expect(() => new Adam({ learningRate: -0.001 })).toThrow('Adam: learningRate must be positive, got -0.001');
    const wrong = [
      () => new Adam({ beta1: 1 }),
      () => new Adam({ epsilon: 0 }),
      () => new Adam({ epsilonMode: 'other' as 'hat' }),
      () => new AdamW({ weightDecay: -1 }),
      () => new SGD({ momentum: 1 }),
      () => new SGD({ clipNorm: 0 }),
      () => new RMSprop({ rho: Number.NaN }),
      () => new Adagrad({ initialAccumulator: -1 }),
      () => new SGD({ learningRate: 'fast' as unknown as number }),
      () => cosineDecay(0.1, 0),
      () => piecewiseConstant([1], [1]),
    ];
    for (const make of wrong) expect(make).toThrow(ValueError);
  });

  test('takes a schedule for the rate, and for no other option', () => {
    const f = cosineDecay(0.1, 10) as unknown as number;
    for (const Kind of [SGD, Adam, AdamW, RMSprop, Adagrad]) {
      expect(new Kind({ learningRate: f }).learningRate).toBeCloseTo(0.1, 9);
      for (const field of ['clipNorm', 'globalClipNorm', 'clipValue'])
        expect(() => new Kind({ [field]: f })).toThrow(
          `${Kind.name}: ${field} must be positive, got an object of Functio`,
        );
    }
    const others = [
      () => new SGD({ momentum: f }),
      () => new Adam({ beta1: f }),
      () => new Adam({ epsilon: f }),
      () => new AdamW({ weightDecay: f }),
      () => new RMSprop({ rho: f }),
      () => new Adagrad({ initialAccumulator: f }),
    ];
    for (const make of others) expect(make).toThrow(ValueError);
  });

  test('refuses a rate that a schedule makes NaN, and moves nothing', () => {
    const p = parameter(of([1], [1]));
    const optimizer = new SGD({ learningRate: () => Number.NaN });
    expect(() => optimizer.apply([p], [of([1], [1])])).toThrow(/learningRate must be at least 0, got NaN/);
    expect(p.data[0]).toBe(1);
  });

  test('a rate that is set replaces a schedule', () => {
    const optimizer = new SGD({ learningRate: stepDecay(0.1, 1, 0.5) });
    expect([optimizer.hasSchedule, optimizer.learningRate]).toEqual([true, 0.1]);
    optimizer.learningRate = 0.3;
    expect([optimizer.hasSchedule, optimizer.learningRate]).toEqual([false, 0.3]);
  });

  test('refuses the state of another kind of optimizer', () => {
    const ps = parameters('float64');
    const from = new SGD({ momentum: 0.9 });
    from.apply(ps, gradients(0, 'float64'));
    expect(() => new Adam().restore(ps, from.state(ps))).toThrow(StateError);
    expect(() => new SGD().restore(ps.slice(1), from.state(ps))).toThrow(StateError);
  });

  test('may be of a class of the user', () => {
    class Signs extends Optimizer {
      override readonly name = 'Signs';
      constructor() {
        super('Signs', {}, 0.5);
      }
      protected override slotNames(): readonly string[] {
        return [];
      }
      protected override scalars(learningRate: number, block: Float32Array | Float64Array): void {
        block[0] = learningRate;
      }
      protected override update(p: Tensor, w: Float32Array | Float64Array, g: Float32Array | Float64Array): void {
        for (let i = 0; i < p.size; i++) w[i] = w[i]! - 0.5 * Math.sign(g[i]!);
      }
      override config(): Record<string, string> {
        return { name: 'Signs' };
      }
    }
    const p = parameter(of([1, 1], [2]));
    new Signs().apply([p], [of([3, -0.1], [2])]);
    expect([...p.data]).toEqual([0.5, 1.5]);
  });
});

describe('norms of gradients', () => {
  const moved = (options: object, ...gradients: number[][]): number[][] => {
    const parameters = gradients.map((g) =>
      parameter(
        of(
          g.map(() => 0),
          [g.length],
          'float32',
        ),
      ),
    );
    const optimizer = new SGD({ learningRate: 1, ...options });
    optimizer.apply(
      parameters,
      gradients.map((g) => of(g, [g.length], 'float32')),
    );
    return parameters.map(({ data }) => Array.from(data, (value) => 0 - value));
  };

  test('neither overflow nor vanish, though the squares would', () => {
    for (const size of [3e20, 3e37, 0.3, 3e-25, 3e-30]) {
      const limit = Math.min(size, 1);
      for (const options of [{ clipNorm: limit }, { globalClipNorm: limit }]) {
        const [x, y] = moved(options, [size, (size * 4) / 3])[0]!;
        expect(x! / limit).toBeCloseTo(0.6, 5);
        expect(y! / limit).toBeCloseTo(0.8, 5);
      }
      const [[p], [q]] = moved({ globalClipNorm: limit }, [size], [(size * 4) / 3]) as [[number], [number]];
      expect([p / limit, q / limit].map((v) => Math.round(v * 1e4))).toEqual([6000, 8000]);
    }
  });

  test('that are below the limit leave gradients as they are, and what is no number stays none', () => {
    for (const g of [3e-30, 0.25, 0])
      expect(moved({ clipNorm: 1e9 }, [g, g])[0]).toEqual([Math.fround(g), Math.fround(g)]);
    expect(moved({ clipNorm: 1 }, [Number.NaN, 1])[0]).toEqual([Number.NaN, Number.NaN]);
    expect(moved({ clipNorm: 1 }, [Number.POSITIVE_INFINITY, 1])[0]![0]).toBeNaN();
    expect(moved({ globalClipNorm: 1 }, [], [3, 4])[1]!.map((v) => Math.round(v * 1e4))).toEqual([6000, 8000]);
  });
});
