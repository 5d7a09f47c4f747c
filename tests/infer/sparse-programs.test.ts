import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { quantizedCpu } from '../../kernels/cpu/quantized.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { SparseWidth } from '../../src/graph/sparse.ts';
import {
  Add,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Flatten,
  fromData,
  GlobalAvgPool2D,
  input,
  type Layer,
  LimitError,
  MaxPool2D,
  Model,
  type Network,
  quantize,
  Random,
  Sequential,
  toNetwork,
} from '../../src/index.ts';
import { type Choice, chosen, measured } from '../../src/infer/choice.ts';
import { compileNetwork, compileQuantized, type Program } from '../../src/infer/index.ts';
import { networkMaker, programBy } from '../../src/infer/program.ts';
import { inPanels, zeroed } from '../sparse-networks.ts';
import { floats, randoms } from './networks.ts';

const tables: Readonly<Record<string, Kernels>> = { reference, cpu, wasm: wasm() };

const image = [7, 6, 3] as const;
const conv = (layer: Layer): Layer[] => [layer, new Flatten(), new Dense(9, { activation: 'softmax' })];

/** Two outputs, and a layer of each kind that two nodes share. */
function shared(): Model {
  const x = input([6, 6, 4]);
  const both = new Conv2D(4, 3, { padding: 'same', activation: 'relu', name: 'both' });
  const head = new Dense(5, { name: 'head' });
  const first = new Add().apply([x, both.apply(x)]);
  const second = both.apply(first);
  const [near, far] = [first, second].map((each) => head.apply(new GlobalAvgPool2D().apply(each)));
  return new Model(x, [near!, far!], { seed: 4 });
}

const MODELS: Readonly<Record<string, () => Model>> = {
  'dense layers, one with few units': () =>
    new Sequential(
      [
        new Dense(20, { activation: 'relu', inputShape: [17] }),
        new Dense(33, { activation: 'tanh' }),
        new Dense(3, { activation: 'softmax', useBias: false }),
      ],
      { seed: 1 },
    ),
  'dense rows of a sample': () => new Sequential([new Dense(18, { activation: 'relu6', inputShape: [3, 5] })]),
  'a convolution with zeros around': () =>
    new Sequential(conv(new Conv2D(18, 3, { padding: 'same', activation: 'relu', inputShape: image }))),
  'one of one tap': () => new Sequential(conv(new Conv2D(17, 1, { inputShape: image }))),
  'one with a stride': () => new Sequential(conv(new Conv2D(5, [3, 2], { strides: 2, inputShape: image }))),
  'one with its taps apart': () => new Sequential(conv(new Conv2D(16, 2, { dilationRate: 2, inputShape: image }))),
  'one of sequences': () => new Sequential(conv(new Conv1D(18, 3, { padding: 'same', inputShape: [9, 4] }))),
  'what has no sparse kernel': () =>
    new Sequential([
      new Conv2D(8, 3, { groups: 2, inputShape: [6, 6, 4] }),
      new DepthwiseConv2D(3),
      new Conv2DTranspose(17, 2, { strides: 2 }),
      new Conv2D(18, 1),
    ]),
  'shared layers and two outputs': shared,
};

function outputs(program: Program, xs: readonly Float32Array[], samples: number): Uint32Array[] {
  const bits = (): Uint32Array[] => program.run(xs, samples).map((y) => new Uint32Array(y.slice().buffer));
  const once = bits();
  expect(bits()).toEqual(once); // from its remembered calls
  program.dispose();
  return once;
}

/** What a network gives on each table, with its panels and without, where that is the same; with its zeros, once more. */
function expectAlike(dense: Network, sparse: Network, batch: number): void {
  const next = randoms(6);
  const xs = dense.inputs.map(({ shape }) => floats(batch * shape.reduce((n, size) => n * size, 1), next, 2));
  for (const [name, kernels] of Object.entries(tables)) {
    const wanted = outputs(compileNetwork(dense, batch, kernels), xs, batch);
    for (const use of ['always', 'never', 'measured'] as const)
      expect(outputs(compileNetwork(sparse, batch, kernels, { sparse: use }), xs, batch), `${name} ${use}`).toEqual(
        wanted,
      );
  }
}

const WIDTHS: readonly SparseWidth[] = [1, 4, 16];

describe('a program with sparse kernels', () => {
  const cases = Object.keys(MODELS).flatMap((name) => WIDTHS.map((width) => [name, width] as const));
  test.each(cases)('gives the bits of one with the whole matrices: %s, width %i', (name, width) => {
    const dense = zeroed(toNetwork(MODELS[name]!()), width, 0.6);
    const sparse = inPanels(dense, width);
    for (const batch of name.startsWith('dense') ? [1, 64] : [1, 5]) expectAlike(dense, sparse, batch);
  });

  const INTEGER: Readonly<Record<string, () => Sequential>> = {
    'dense layers': () =>
      new Sequential([
        new Dense(35, { activation: 'relu', inputShape: [19] }),
        new Dense(17, { activation: 'relu' }),
        new Dense(4, { activation: 'softmax' }),
      ]),
    convolutions: () =>
      new Sequential([
        new Conv2D(18, 3, { padding: 'same', activation: 'relu', inputShape: image }),
        new Conv2D(6, 1, { activation: 'relu6' }),
        new MaxPool2D(),
        new Conv2D(17, 2, { strides: 2, activation: 'relu' }),
        new Flatten(),
        new Dense(4, { activation: 'softmax' }),
      ]),
  };
  test.each(Object.keys(INTEGER))('gives those of int8: %s', (name) => {
    const model = INTEGER[name]!();
    const shape = model.inputShape;
    const calibration = new Random(2, 'calibration').normal([40, ...shape]);
    const dense = zeroed(quantize(model, { calibration }), 16, 0.6);
    const sparse = inPanels(dense, 16);
    expect([...sparse.weights.values()].map(({ encoding }) => encoding.type)).toContain('sparseInt8');
    for (const batch of name === 'dense layers' ? [1, 64] : [1, 3]) expectAlike(dense, sparse, batch);
    const x = floats(
      shape.reduce((n, size) => n * size, 1),
      randoms(3),
      2,
    );
    expect(compileQuantized(dense, 1, quantizedCpu).run(x)).toEqual(compileNetwork(sparse, 1, cpu).run(x));
    expect(() => compileQuantized(sparse, 1, quantizedCpu)).toThrow(
      /^network: weight ".*" encoding must be one of float32, float64, int8, int32, got "sparseInt8"$/,
    );
  });

  test('multiplies what an empty pattern holds: nothing', () => {
    const dense = zeroed(toNetwork(MODELS['one of one tap']!()), 16, 1);
    for (const width of WIDTHS) expectAlike(dense, inPanels(dense, width), 3);
  });

  test('refuses options that it does not have', () => {
    const network = toNetwork(MODELS['dense rows of a sample']!());
    expect(() => compileNetwork(network, 1, cpu, { sparse: 'yes' as never })).toThrow(
      'compileNetwork: sparse must be measured or always or never, got "yes"',
    );
  });
});

describe('the choice', () => {
  const model = new Sequential([new Dense(32, { inputShape: [40] })], { seed: 3 });
  const dense = zeroed(toNetwork(model), 16, 0.5);
  const sparse = inPanels(dense, 16);
  const x = floats(40, randoms(1));

  /** Milliseconds of a call, or what they are when the clock has run for so long. */
  type Took = number | ((running: number) => number);
  /** A table whose products take so many milliseconds by a clock of its own, and the names of those that were called. */
  function timed(milliseconds: { dense: Took; sparse: Took }) {
    let time = 100;
    const calls: string[] = [];
    const slow = (name: 'gemmPanels' | 'gemmSparse', each: Took): Partial<Kernels> => ({
      [name]: (...args: never[]) => {
        time += typeof each === 'number' ? each : each(time - 100);
        calls.push(name);
        (cpu[name] as (...args: never[]) => void)(...args);
      },
    });
    const table = { ...cpu, ...slow('gemmPanels', milliseconds.dense), ...slow('gemmSparse', milliseconds.sparse) };
    const now = (): number => (time += 1e-6);
    return { table, calls, now };
  }
  function made(network: Network, table: Partial<Kernels>, now: () => number, batch = 1) {
    const choices: Choice[] = [];
    const choose = measured((_, choice) => void choices.push(choice), now);
    return {
      program: programBy(networkMaker('compileNetwork', chosen(choose)), network, batch, table),
      choices,
    };
  }

  test.each([
    [3, 2, 'gemmSparse'],
    [2, 3, 'gemmPanels'],
    [0.002, 0.001, 'gemmSparse'],
    [0.001, 0.002, 'gemmPanels'],
    [0.5, 0.5, 'gemmPanels'],
  ] as const)('falls on what measured faster: %d and %d milliseconds', (whole, panels, wanted) => {
    const { table, calls, now } = timed({ dense: whole, sparse: panels });
    const { program, choices } = made(sparse, table, now);
    expect(choices).toMatchObject([{ kernel: 'gemmSparse', isSparse: wanted === 'gemmSparse' }]);
    expect(choices[0]!.times!.dense).toBeCloseTo(whole, 5);
    expect(choices[0]!.times!.sparse).toBeCloseTo(panels, 5);
    calls.length = 0;
    const y = program.run(x);
    expect(calls).toEqual([wanted]);
    expect(y).toEqual(compileNetwork(dense, 1, cpu).run(x));
  });

  test('takes about three milliseconds, and two samples of each form where these take longer', () => {
    const quick = timed({ dense: 0.01, sparse: 0.02 });
    const before = quick.now();
    made(sparse, quick.table, quick.now);
    expect(quick.now() - before).toBeGreaterThan(2.4);
    expect(quick.now() - before).toBeLessThan(3.5);
    const slow = timed({ dense: 50, sparse: 20 });
    made(sparse, slow.table, slow.now);
    expect(slow.calls.filter((name) => name === 'gemmSparse')).toHaveLength(3); // one to write the calls down
    expect(slow.calls).toHaveLength(6);
  });

  /** A kernel that an engine compiles twice while it runs, the second time for good. */
  const compiled =
    (first: number, second: number, last: number) =>
    (running: number): number =>
      running < 2 ? first : running < 4 ? second : last;

  test.each([1, 64])('falls on what is faster once the engine has compiled both: %i samples', (batch) => {
    for (const [late, isSparse] of [
      [0.003, true],
      [0.006, false],
    ] as const) {
      const { table, now } = timed({ dense: compiled(0.03, 0.01, 0.004), sparse: compiled(0.1, 0.07, late) });
      const before = now();
      const { choices } = made(sparse, table, now, batch);
      expect(choices).toMatchObject([{ isSparse }]);
      expect(choices[0]!.times!.sparse).toBeCloseTo(late, 5);
      expect(now() - before).toBeLessThan(8);
    }
  });

  test('does not count what else a machine does as time in which a kernel could be compiled', () => {
    let panels = 0;
    const busy = (): number => (panels++ < 20 ? 0.03 + (panels % 7 === 0 ? 3 : 0) : 0.01);
    const { table, now } = timed({ dense: 0.02, sparse: busy });
    expect(made(sparse, table, now).choices).toMatchObject([{ isSparse: true }]);
  });

  test('counts calls between the ticks of a coarse clock', () => {
    for (const [whole, panels] of [
      [0.04, 0.03],
      [0.03, 0.04],
    ] as const) {
      const { table, now } = timed({ dense: whole, sparse: panels });
      let readings = 0;
      const coarse = (): number => Math.floor(now() + 5e-5 * readings++);
      expect(made(sparse, table, coarse).choices).toMatchObject([{ isSparse: panels < whole }]);
    }
  });

  test.each([
    [1, 1, 5],
    [1, 4, 40],
    [4, 1, 60],
    [4, 64, 60],
    [16, 1, 80],
  ] as const)('is by the blocks held where the clock stands still: width %i, %i samples', (width, batch, most) => {
    for (const held of [most, most + 1]) {
      const kernel = Float32Array.from({ length: 1700 }, (_, i) => (i < 17 * held ? 1 + i : 0));
      const model = new Sequential([new Dense(17, { useBias: false, inputShape: [100] })]);
      model.setWeights([fromData(kernel, [100, 17])]);
      const { choices } = made(inPanels(toNetwork(model), width), cpu, () => 5, batch);
      expect(choices).toEqual([{ kernel: 'gemmSparse', isSparse: held === most, times: null }]);
    }
  });

  test('falls on the whole matrix where the table has no kernel for panels, and always names that', () => {
    const { gemmSparse, ...others } = cpu;
    const { program, choices } = made(sparse, others, () => expect.fail('measured'));
    expect(choices).toEqual([{ kernel: 'gemmSparse', isSparse: false, times: null }]);
    expect(program.run(x)).toEqual(compileNetwork(dense, 1, cpu).run(x));
    expect(compileNetwork(sparse, 1, others).run(x)).toEqual(program.run(x));
    expect(() => compileNetwork(sparse, 1, others, { sparse: 'always' })).toThrow(
      'node "dense" (dense) needs the kernel gemmSparse, which the table does not have',
    );
    expect(gemmSparse).toBeTypeOf('function');
  });

  test('is made for the batch of the program, and for each layer', () => {
    const seen: [name: string, batch: number][] = [];
    const choose = measured(({ node, batchSize }) => void seen.push([node.name, batchSize]));
    const network = inPanels(zeroed(toNetwork(shared()), 4, 0.5), 4);
    const program = programBy(networkMaker('compileNetwork', chosen(choose)), network, 7, tables.wasm!);
    expect(seen).toEqual(
      network.nodes.filter(({ op }) => op !== 'globalPool' && op !== 'add').map(({ name }) => [name, 7]),
    );
    program.dispose();
  });

  test('gives back what it was made with, and keeps one form', () => {
    const { heap } = tables.wasm!;
    const used = (): number => heap!.counters().used;
    const before = used();
    const large = new Sequential([new Dense(256, { inputShape: [512] })], { seed: 3 });
    const network = inPanels(zeroed(toNetwork(large), 16, 0.9), 16);
    const kept = (make: () => Program): number => {
      const program = make();
      const bytes = used() - before;
      program.dispose();
      return bytes;
    };
    const whole = kept(() => compileNetwork(network, 2, tables.wasm!, { sparse: 'never' }));
    const panels = kept(() => compileNetwork(network, 2, tables.wasm!, { sparse: 'always' }));
    expect(panels).toBeLessThan(whole / 4);
    const bytesOf = (faster: 'dense' | 'sparse'): number =>
      kept(() => {
        const choose = measured(
          () => {},
          () => 5,
        );
        const table = faster === 'sparse' ? tables.wasm! : { ...tables.wasm!, gemmSparse: undefined };
        return programBy(networkMaker('compileNetwork', chosen(choose)), network, 2, table as Kernels);
      });
    expect([bytesOf('sparse'), bytesOf('dense')]).toEqual([panels, whole]);
    expect(used()).toBe(before);
  });

  /** A table that notes how many rows each product has, or how many samples each convolution. */
  function counted(table: Kernels) {
    const rows: number[] = [];
    const first = (x: number | { readonly batch: number }): number => (typeof x === 'number' ? x : x.batch);
    const names = ['gemmPanels', 'gemmSparse', 'gemmInt8', 'gemmSparseInt8', 'conv2dPanels', 'conv2dSparse'] as const;
    const entries = names.map((name) => {
      const kernel = table[name] as (...args: unknown[]) => void;
      const noting = (...args: unknown[]): void => {
        rows.push(first(args[0] as number));
        kernel(...args);
      };
      return [name, noting];
    });
    return { table: { ...table, ...Object.fromEntries(entries) } as Kernels, rows };
  }

  test.each([
    ['dense layers', [new Dense(20, { inputShape: [17] })], 16384, 64],
    ['a batch of less', [new Dense(20, { inputShape: [17] })], 50, 50],
    ['dense rows of a sample', [new Dense(20, { inputShape: [5, 17] })], 1000, 65],
    ['images', [new Conv2D(20, 3, { inputShape: [9, 9, 4] })], 1000, 2],
    ['large images', [new Conv2D(4, 3, { inputShape: [20, 20, 4] })], 1000, 1],
  ] as const)('is made on 64 rows of a large batch, or one sample: %s', (_, layers, batch, most) => {
    const network = inPanels(zeroed(toNetwork(new Sequential([...layers])), 4, 0.5), 4);
    const { table, rows } = counted(cpu);
    compileNetwork(network, batch, table);
    expect(rows.length).toBeGreaterThan(4);
    expect(new Set(rows)).toEqual(new Set([most]));
  });

  test('tells the times of the whole batch', () => {
    const { table, now } = timed({ dense: 0.02, sparse: 0.01 });
    const { choices } = made(sparse, table, now, 6400);
    expect(choices[0]!.times!.dense).toBeCloseTo(2, 2);
    expect(choices[0]!.times!.sparse).toBeCloseTo(1, 2);
  });

  describe('in little memory', () => {
    const wide = new Sequential([new Dense(256, { inputShape: [256] }), new Dense(256)], { seed: 3 });
    const network = inPanels(zeroed(toNetwork(wide), 16, 0.8), 16);
    const heap = tables.wasm!.heap as ReturnType<typeof wasm>['heap'];

    /** What is made where so many more bytes may be in use. */
    function within<T>(bytes: number, make: () => T): T {
      const { limit } = heap;
      heap.limit = heap.counters().used + bytes;
      try {
        return make();
      } finally {
        heap.limit = limit;
      }
    }
    /** The fewest bytes that a program can be made in, to a kilobyte. */
    function least(batch: number, use: 'always' | 'never'): number {
      let [low, high] = [0, 2 ** 25];
      while (high - low > 1024) {
        const middle = (low + high) / 2;
        try {
          within(middle, () => compileNetwork(network, batch, tables.wasm!, { sparse: use }).dispose());
          high = middle;
        } catch (error) {
          expect(error).toBeInstanceOf(LimitError);
          low = middle;
        }
      }
      return high;
    }

    test('measures where the larger form of a program fits, whatever the batch', () => {
      const before = heap.counters().used;
      for (const batch of [64, 4096]) {
        const { program, choices } = within(least(batch, 'never'), () =>
          made(network, tables.wasm!, () => performance.now(), batch),
        );
        expect(choices).toMatchObject([{ times: { dense: expect.any(Number) } }, { times: {} }]);
        program.dispose();
      }
      expect(heap.counters().used).toBe(before);
    });

    test('is by the blocks held where there is no room for both forms', () => {
      const before = heap.counters().used;
      const { program, choices } = within(least(1, 'always'), () =>
        made(network, tables.wasm!, () => performance.now()),
      );
      const choice = { kernel: 'gemmSparse', isSparse: true, times: null };
      expect(choices).toEqual([choice, choice]);
      program.dispose();
      expect(heap.counters().used).toBe(before);
    });
  });
});
