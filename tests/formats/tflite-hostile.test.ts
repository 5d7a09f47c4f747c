import { describe, expect, test } from 'vitest';
import { operatorNetworks, random } from '../../scripts/formats/tflite-operators.mjs';
import { WhittleError } from '../../src/base/errors.ts';
import { decodeFlatbuffer, encodeFlatbuffer } from '../../src/formats/flatbuffer.ts';
import { fromTflite, toTflite } from '../../src/formats/index.ts';
import { MODEL, type ModelTable } from '../../src/formats/tflite/schema.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';

const NAMES = [
  'dense of int8',
  'conv of int8 with zeros around',
  'conv of an int8 sequence',
  'add of int8',
  'split',
  'silu',
  'dense of int8 to real numbers',
  'nearest neighbours',
];
const FILES = NAMES.map((name) => toTflite(operatorNetworks[name]!));
const VALUES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A WhittleError, or a network that is one: whether it was refused. */
function isRefused(file: Uint8Array): boolean {
  try {
    validateNetwork(fromTflite(file).network);
    return false;
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    return true;
  }
}

type Change = (file: Uint8Array, next: () => number, others: readonly Uint8Array[]) => Uint8Array;
const CHANGES: Readonly<Record<string, Change>> = {
  'a bit': (file, next) => {
    const i = Math.floor(next() * file.length);
    file[i] = file[i]! ^ (1 << Math.floor(next() * 8));
    return file;
  },
  'a word': (file, next) => {
    const at = Math.floor(next() * (file.length >> 2)) * 4;
    new DataView(file.buffer).setUint32(at, VALUES[Math.floor(next() * VALUES.length)]!, true);
    return file;
  },
  'a half': (file, next) => {
    const at = Math.floor(next() * (file.length >> 1)) * 2;
    new DataView(file.buffer).setUint16(at, VALUES[Math.floor(next() * VALUES.length)]!, true);
    return file;
  },
  'an offset by a little': (file, next) => {
    const view = new DataView(file.buffer);
    const at = Math.floor(next() * (file.length >> 2)) * 4;
    view.setUint32(at, view.getUint32(at, true) + Math.floor((next() - 0.5) * 32), true);
    return file;
  },
  'two words swapped': (file, next) => {
    const view = new DataView(file.buffer);
    const [a, b] = [next(), next()].map((x) => Math.floor(x * (file.length >> 2)) * 4) as [number, number];
    const kept = view.getUint32(a, true);
    view.setUint32(a, view.getUint32(b, true), true);
    view.setUint32(b, kept, true);
    return file;
  },
  'an end': (file, next) => file.slice(0, Math.floor(next() * file.length)),
  'a part of another file': (file, next, others) => {
    const other = others[Math.floor(next() * others.length)]!;
    const n = Math.floor(next() * 200);
    const from = Math.floor(next() * Math.max(other.length - n, 1));
    const part = other.subarray(from, from + n);
    file.set(part.subarray(0, file.length), Math.floor(next() * Math.max(file.length - part.length, 1)));
    return file;
  },
};

describe('a mutant of a .tflite file is refused in an error of the library, or a network', () => {
  test.each(Object.entries(CHANGES))('%s', (_, change) => {
    const next = random(21);
    let refused = 0;
    for (let i = 0; i < 400; i++) if (isRefused(change(FILES[i % FILES.length]!.slice(), next, FILES))) refused++;
    expect(refused).toBeGreaterThan(10);
  });

  test('each field of each table', () => {
    const odd = [-(2 ** 31), -1, 0, 1, 2, 5, 127, 2 ** 31 - 1];
    let refused = 0;
    let all = 0;
    for (const file of FILES.slice(0, 4)) {
      const model = decodeFlatbuffer(file, MODEL, 'tflite', 'model');
      /** Every number and list of numbers in a value, one after another in other ones. */
      const walk = (value: unknown, put: (value: unknown) => unknown): void => {
        const judge = (other: unknown): void => {
          all++;
          if (isRefused(encodeFlatbuffer(put(other) as ModelTable, MODEL, 'TFL3'))) refused++;
        };
        if (typeof value === 'number') for (const other of odd) judge(other);
        else if (Array.isArray(value)) {
          judge(value.slice(1));
          if (value.length < 40)
            for (const [i, item] of value.entries())
              walk(item, (x) => put(value.map((each, j) => (j === i ? x : each))));
        } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
          // Which table a union holds is said by what is written
          for (const [field, item] of Object.entries(value))
            if (!('table' in value && field === 'type')) walk(item, (x) => put({ ...value, [field]: x }));
      };
      walk(model, (x) => x);
    }
    expect(all).toBeGreaterThan(1000);
    expect(refused).toBeGreaterThan(all / 4);
  });
});

describe('a .tflite file may not cost more than it is large', () => {
  const model = decodeFlatbuffer(FILES[0]!, MODEL, 'tflite', 'model');
  const [graph] = model.subgraphs as [ModelTable['subgraphs'][0]];
  const fileWith = (change: Partial<ModelTable['subgraphs'][0]>, more: Partial<ModelTable> = {}): Uint8Array =>
    encodeFlatbuffer({ ...model, ...more, subgraphs: [{ ...graph, ...change }] }, MODEL, 'TFL3');

  test('by sizes that nothing is there for', () => {
    for (const shape of [
      [1, 2 ** 31 - 1],
      [1, 65536, 65536],
      [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1],
    ]) {
      expect(isRefused(fileWith({ tensors: graph.tensors.map((each) => ({ ...each, shape })) }))).toBe(true);
      expect(
        isRefused(fileWith({ tensors: graph.tensors.map((each, i) => (i === 1 ? { ...each, shape } : each)) })),
      ).toBe(true);
    }
  });

  test('by layers that all read one large constant', () => {
    const kernel = graph.operators[0]!.inputs[1]!;
    const units = 100_000;
    const tensors = graph.tensors.map((each, i) => {
      if (i === kernel)
        return { ...each, shape: [units, 7], quantization: { scale: [1], zeroPoint: [0], quantizedDimension: 0 } };
      return i === graph.outputs[0] ? { ...each, shape: [1, units] } : each;
    });
    const output = graph.outputs[0]!;
    const copies = Array.from({ length: 400 }, (_, i) => tensors.length + i);
    const all = [...tensors, ...copies.map(() => ({ ...tensors[output]!, name: '' }))];
    const { opcodeIndex, builtinOptions } = graph.operators[0]!;
    const operators = copies.map((to) => ({
      opcodeIndex,
      builtinOptions: builtinOptions!,
      inputs: [0, kernel],
      outputs: [to],
    }));
    const buffers = model.buffers.map((each, i) =>
      i === graph.tensors[kernel]!.buffer ? { data: new Uint8Array(units * 7) } : each,
    );
    const file = fileWith({ tensors: all, operators, outputs: [copies.at(-1)!] }, { buffers });
    expect(() => fromTflite(file)).toThrow(/the bytes of all constants/);
  });

  test('by many constants that are one large buffer', () => {
    const n = 400;
    const large = 200_000;
    const code = { deprecatedBuiltinCode: 6, version: 2, builtinCode: 6 };
    const quantization = { scale: [1], zeroPoint: [0], quantizedDimension: 0 };
    const constant = { shape: [large], type: 9, buffer: model.buffers.length, name: '', quantization };
    const pairs = Array.from({ length: n }, () => [constant, { shape: [large], type: 0, buffer: 0, name: '' }]).flat();
    const operators = Array.from({ length: n }, (_, i) => {
      const from = graph.tensors.length + 2 * i;
      return { opcodeIndex: model.operatorCodes.length, inputs: [from], outputs: [from + 1] };
    });
    const file = fileWith(
      { tensors: [...graph.tensors, ...pairs], operators: [...operators, ...graph.operators] },
      { operatorCodes: [...model.operatorCodes, code], buffers: [...model.buffers, { data: new Uint8Array(large) }] },
    );
    expect(() => fromTflite(file)).toThrow(/the bytes of all constants/);
  });

  test('by names that are all the same', () => {
    const n = 20_000;
    const tensors = [
      ...graph.tensors,
      ...Array.from({ length: n }, () => ({ shape: [1, 7], type: 0, buffer: 0, name: 'x' })),
    ];
    const inputs = Array.from({ length: n }, (_, i) => graph.tensors.length + i);
    const file = fileWith({ tensors, inputs: [...graph.inputs, ...inputs] });
    expect(fromTflite(file).inputs).toHaveLength(n + 1);
  });

  test('by one tensor that is in each of many inputs and outputs', () => {
    const file = fileWith({ inputs: Array<number>(1e5).fill(0), outputs: Array<number>(1e5).fill(graph.outputs[0]!) });
    expect(() => fromTflite(file)).toThrow(/is an input and something else/);
  });

  test('by shapes of many axes, or a long list that many operators read', () => {
    const shape = [1, ...Array<number>(1e5).fill(1), 7];
    expect(() => fromTflite(fileWith({ tensors: graph.tensors.map((each) => ({ ...each, shape })) }))).toThrow(
      /100002 axes, and 8 are the most/,
    );
    const n = 3000;
    const image = { shape: [1, 6, 5, 4], type: 0, buffer: 0, name: 'image' };
    const axes = { shape: [n], type: 2, buffer: model.buffers.length, name: 'axes' };
    const means = Array.from({ length: n }, () => ({ shape: [1, 4], type: 0, buffer: 0, name: '' }));
    const operators = means.map((_, i) => ({ opcodeIndex: 0, inputs: [0, 1], outputs: [2 + i] }));
    const data = new Uint8Array(Int32Array.from({ length: n }, (_, i) => 1 + (i % 2)).buffer);
    const file = fileWith(
      { tensors: [image, axes, ...means], operators, inputs: [0], outputs: [2] },
      {
        operatorCodes: [{ deprecatedBuiltinCode: 40, version: 1, builtinCode: 40 }],
        buffers: [...model.buffers, { data }],
      },
    );
    expect(() => fromTflite(file)).toThrow(/the bytes of all constants/);
  });

  test('by a long chain of operators', () => {
    const n = 20_000;
    const codes = [...model.operatorCodes, { deprecatedBuiltinCode: 19, version: 1, builtinCode: 19 }];
    const tensors = [...graph.tensors, ...Array.from({ length: n }, () => ({ ...graph.tensors[0]!, name: '' }))];
    const operators = Array.from({ length: n }, (_, i) => ({
      opcodeIndex: codes.length - 1,
      inputs: [i === 0 ? 0 : graph.tensors.length + i - 1],
      outputs: [graph.tensors.length + i],
    }));
    const file = fileWith({ tensors, operators, outputs: [tensors.length - 1] }, { operatorCodes: codes });
    expect(fromTflite(file).network.nodes).toHaveLength(n + 2);
  });

  test('by names that objects have', () => {
    const tensors = graph.tensors.map((each, i) => ({
      ...each,
      name: ['__proto__', 'constructor', 'toString'][i] ?? each.name!,
    }));
    const { network } = fromTflite(fileWith({ tensors }));
    expect(network.inputs[0]!.name).toBe('__proto__');
    expect(Object.prototype).not.toHaveProperty('scale');
  });
});
