import { describe, expect, test } from 'vitest';
import {
  compileInference,
  cpu,
  Dense,
  Dropout,
  memory,
  predictNetwork,
  quantize,
  reference,
  Sequential,
  setBackend,
  slice,
  toNetwork,
  wasm,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(21);
const x = of(list(20 * 7, draw), [20, 7], 'float32');
const numbers = x.data as Float32Array;
const model = new Sequential(
  [
    new Dense(33, { activation: 'relu', inputShape: [7] }),
    new Dropout(0.5),
    new Dense(18, { activation: 'tanh' }),
    new Dense(5, { activation: 'softmax' }),
  ],
  { seed: 3 },
);
const network = quantize(model, { calibration: x });

describe.each([
  ['wasm', wasm()],
  ['cpu', cpu],
  ['reference', reference],
] as const)('a compiled program on %s', (_, table) => {
  const within = (body: () => void): void => {
    const before = setBackend(table);
    try {
      body();
    } finally {
      setBackend(before);
    }
  };

  test('equals predict to the bit, first run and repeated, for every number of samples', () => {
    within(() => {
      const program = compileInference(model, 8);
      for (const n of [1, 8, 3, 8, 1, 2, 4, 5, 6, 7, 8, 3, 0]) {
        const part = slice(x, [[0, n]]);
        for (let i = 0; i < 3; i++) expect([...program.run(numbers, n)]).toEqual([...model.predict(part).data]);
      }
      program.dispose();
    });
  });

  test('is right for more numbers of samples in turn than it remembers, and holds no more memory for them', () => {
    within(() => {
      const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
      for (const subject of [model, network]) {
        const program = compileInference(subject, 9);
        const whole = (subject === model ? model.predict(x) : predictNetwork(network, x)).data;
        const wanted = (n: number, at: number): number[] => [...whole.slice(5 * at, 5 * (at + n))];
        const run = (n: number, at = 0): Float32Array => program.run(numbers.subarray(7 * at), n);
        const round = (at: number): void => {
          for (const n of sizes) expect([...run(n, at)]).toEqual(wanted(n, at));
        };
        round(0);
        const used = table.heap?.counters().used;
        for (let i = 0; i < 3; i++) round(i);
        const last = sizes.map((n) => run(n));
        for (const n of [6, 7, 8, 9]) expect(run(n)).toBe(last[n - 1]); // nothing is allocated
        for (const n of [5, 1]) expect(run(n)).not.toBe(last[n - 1]);
        for (const n of [8, 9, 5, 1]) {
          for (const at of [3, 11]) expect([...run(n, at)]).toEqual(wanted(n, at));
        }
        expect(table.heap?.counters().used).toBe(used);
        program.dispose();
      }
    });
  });

  test('gives the same integers for an int8 network as the reference', () => {
    const wanted = (() => {
      const before = setBackend(reference);
      try {
        return [...compileInference(network, 20).run(numbers)];
      } finally {
        setBackend(before);
      }
    })();
    within(() => {
      const program = compileInference(network, 20);
      for (let i = 0; i < 3; i++) expect([...program.run(numbers)]).toEqual(wanted);
      program.dispose();
    });
  });
});

test('a program keeps the weights that it was compiled with', () => {
  const copy = new Sequential([new Dense(2, { inputShape: [7] })], { seed: 5 });
  const program = compileInference(copy, 20);
  const before = [...program.run(numbers)];
  copy.setWeights(
    copy.getWeights().map((w) =>
      of(
        [...w.data].map((v) => v + 1),
        w.shape,
        'float32',
      ),
    ),
  );
  expect([...program.run(numbers)]).toEqual(before);
  expect([...copy.predict(x).data]).not.toEqual(before);
  program.dispose();
});

test('what a program returned stays readable when the heap grows, from the first run and from a repeated one', () => {
  const { heap } = wasm();
  const blocks: number[] = [];
  const grow = (): void => {
    const { growths } = heap.counters();
    while (heap.counters().growths === growths) blocks.push(heap.allocateBytes(8 * 1024 * 1024));
  };
  for (const subject of [model, network]) {
    const program = compileInference(subject, 20);
    const kept = [program.run(numbers, 20), program.run(numbers, 4), program.run(numbers, 4)];
    const wanted = kept.map((outputs) => [...outputs]);
    grow();
    expect(kept.map((outputs) => [...outputs])).toEqual(wanted);
    kept[0] = program.run(numbers, 20);
    kept[1] = program.run(numbers, 4);
    kept[2] = program.run(numbers, 4);
    grow();
    expect(kept.map((outputs) => [...outputs])).toEqual(wanted);
    program.dispose();
  }
  for (const block of blocks) heap.releaseBytes(block);
});

test('a program survives a growth of the heap, and gives its memory back when it is disposed of', () => {
  const { heap } = wasm();
  const { used, growths } = heap.counters();
  const program = compileInference(toNetwork(model), 20);
  const before = [...program.run(numbers)];
  const blocks: number[] = [];
  while (heap.counters().growths === growths) blocks.push(heap.allocateBytes(8 * 1024 * 1024));
  for (let i = 0; i < 3; i++) expect([...program.run(numbers)]).toEqual(before);
  for (const block of blocks) heap.releaseBytes(block);
  program.dispose();
  expect(memory().heap?.used).toBe(used);
  expect(() => program.run(numbers)).toThrow('run: the program was disposed of');
});

test('a Dropout that drops outside training is refused, since a program draws no random numbers', () => {
  const drops = new Sequential([new Dense(3, { inputShape: [2] }), new Dropout(0.5, { training: true })]);
  expect(() => compileInference(drops)).toThrow(
    'compileNetwork: node "dropout" (dropout) draws numbers, which no program does: predict with the model',
  );
});

test('a program is for one sample unless told otherwise, be it of a model or a network', () => {
  for (const subject of [model, network, toNetwork(model)]) {
    const [one, five] = [compileInference(subject), compileInference(subject, 5)];
    expect([one.batchSize, five.batchSize]).toEqual([1, 5]);
    expect(() => one.run(numbers, 2)).toThrow('from 0 to the compiled batch size 1, got 2');
    for (const program of [one, five]) program.dispose();
  }
});

test('the Dropout that is refused is named, and one that drops in training alone is none', () => {
  const make = (training: boolean | undefined): Sequential =>
    new Sequential([
      new Dense(3, { inputShape: [2] }),
      new Dropout(0.5, { name: 'first' }),
      new Dropout(0.5, { name: 'second', ...(training === undefined ? {} : { training }) }),
    ]);
  expect(() => compileInference(make(true))).toThrow('node "second" (dropout) draws');
  for (const training of [false, undefined]) compileInference(make(training)).dispose();
});
test('a Dropout of 0 drops nothing, told to or not, and is no obstacle', () => {
  const still = new Sequential([new Dense(5, { inputShape: [7] }), new Dropout(0, { training: true })]);
  const program = compileInference(still, 20);
  expect([...program.run(numbers)]).toEqual([...still.predict(x).data]);
  program.dispose();
});

test('a program takes one sample at a time unless it is told how many', () => {
  for (const [program, rows] of [
    [compileInference(model), 1],
    [compileInference(toNetwork(model)), 1],
    [compileInference(model, 3), 3],
    [compileInference(toNetwork(model), 3), 3],
  ] as const) {
    expect([...program.run(numbers.slice(0, 7 * rows))]).toEqual([...model.predict(x).data].slice(0, 5 * rows));
    expect(() => program.run(numbers.slice(0, 7 * (rows + 1)))).toThrow();
    program.dispose();
  }
});
