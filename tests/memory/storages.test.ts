import { expect, test } from 'vitest';
import { DTypeError } from '../../src/index.ts';
import { adopt, allocate, allocateWords, isPersistent, partOf, persistent, step } from '../../src/memory/arena.ts';
import { arrayOf, asFloats, bytesOf, checkDType, DTYPES, dtypeOf, elementOf, isFloat } from '../../src/memory/dtype.ts';
import { backend } from '../../src/memory/runtime.ts';

const BYTES = { float32: 4, float64: 8, int32: 4, int8: 1, uint8: 1, bool: 1, uint32: 4 } as const;

test.each(DTYPES)('a storage of %s has so many elements of that type, in a step and outside', (dtype) => {
  expect(bytesOf(dtype)).toBe(BYTES[dtype]);
  const check = (): void => {
    for (const length of [0, 1, 5]) {
      const { array, ...rest } = allocate(dtype, length);
      expect([array.length, array.BYTES_PER_ELEMENT, rest.length, rest.dtype]).toEqual([
        length,
        BYTES[dtype],
        length,
        dtype,
      ]);
      expect(array.constructor).toBe(arrayOf(dtype, 0).constructor);
    }
  };
  check();
  step(check);
  expect([...allocate(dtype, 3).array]).toEqual([0, 0, 0]);
});

test.each(DTYPES)('part of a storage of %s is those elements and no more, and the same memory', (dtype) => {
  const check = (): void => {
    const storage = allocate(dtype, 6);
    storage.array.set([1, 0, 1, 1, 0, 1]);
    for (const [from, to] of [
      [0, 6],
      [0, 2],
      [2, 5],
      [5, 6],
      [3, 3],
      [6, 6],
    ] as const) {
      const part = partOf(storage, from, to);
      expect([...part]).toEqual([1, 0, 1, 1, 0, 1].slice(from, to));
      if (to > from) {
        part[0] = 0;
        expect(storage.array[from]).toBe(0);
        storage.array.set([1, 0, 1, 1, 0, 1]);
      }
    }
    const view = adopt(dtype, storage.array.subarray(2)); // part of a part
    expect([...partOf(view, 1, 3)]).toEqual([1, 0]);
  };
  check();
  step(check);
});

test('words of a generator are 32 bits, in a step and outside', () => {
  const check = (): void => {
    const { array } = allocateWords(4);
    array.set([2 ** 32 - 1, 1, 2, 3]);
    expect([array.constructor, ...array]).toEqual([Uint32Array, 4294967295, 1, 2, 3]);
  };
  check();
  step(check);
  expect([bytesOf('uint32'), elementOf('uint32'), elementOf('bool'), elementOf('int8')]).toEqual([
    4,
    'uint32',
    'uint8',
    'int8',
  ]);
});

test('storages outlive a step if they were made outside it, or in a part of it that is kept out', () => {
  expect(isPersistent(allocate('int8', 1))).toBe(true);
  step(() => {
    expect(isPersistent(allocate('int8', 1))).toBe(false);
    expect(isPersistent(adopt('int8', new Int8Array(1)))).toBe(true);
    expect(isPersistent(persistent(() => allocate('int8', 1)))).toBe(true);
    persistent(() => {
      expect(isPersistent(step(() => allocate('int8', 1)))).toBe(false);
      expect(isPersistent(allocate('int8', 1))).toBe(true);
    });
    step(() => expect(isPersistent(allocate('int8', 1))).toBe(false));
    expect(isPersistent(allocate('int8', 1))).toBe(false);
  });
  const { heap } = backend().kernels;
  if (heap !== undefined) step(() => expect(heap.has(allocate('float64', 3).array)).toBe(true));
});

test('element types are told by the array, floats by two of them, and others are refused with what came', () => {
  expect(DTYPES.map((dtype) => dtypeOf(arrayOf(dtype, 1)))).toEqual([
    'float32',
    'float64',
    'int32',
    'int8',
    'uint8',
    'uint8',
  ]);
  expect(DTYPES.filter(isFloat)).toEqual(['float32', 'float64']);
  for (const dtype of DTYPES) {
    const array = arrayOf(dtype, 2);
    if (isFloat(dtype)) expect(asFloats('op', array)).toBe(array);
    else
      expect(() => asFloats('op', array)).toThrow(`op: needs float32 or float64, got ${dtypeOf(array)}. cast() first?`);
    expect(() => checkDType('op', dtype)).not.toThrow();
  }
  for (const array of [new Uint8ClampedArray(1), new Uint32Array(1), new BigInt64Array(1)]) {
    expect(() => dtypeOf(array as never)).toThrow(
      `tensor: no element type lies in such an array, got ${array.constructor.name}`,
    );
    expect(() => asFloats('op', array as never)).toThrow(DTypeError);
  }
});
