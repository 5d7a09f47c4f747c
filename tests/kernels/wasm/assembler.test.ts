import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Assembler,
  doWhile,
  type Frame,
  forRange,
  sequence,
  type Type,
  when,
} from '../../../kernels/wasm/assembler.ts';
import { type Code, type Value, Writer } from '../../../kernels/wasm/code.ts';
import { f32, f64, i32, i64, memoryCopy, memoryFill, select } from '../../../kernels/wasm/scalars.ts';
import { f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, v128 } from '../../../kernels/wasm/vectors.ts';

const LIMITS = { maximum: 2, shared: false };
const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
const bytes = new Uint8Array(memory.buffer);

/** Compiles one function of the given parameters and runs it. */
function compile<K extends string>(
  params: readonly K[],
  write: (p: Readonly<Record<K, Value>>, frame: Frame) => Code,
  options: { types?: Readonly<Partial<Record<K, Type>>>; result?: Type } = { result: 'i32' },
): (...args: number[]) => number {
  const assembler = new Assembler();
  assembler.func('f', params, write, options);
  const code = assembler.assemble(LIMITS);
  expect(WebAssembly.validate(code)).toBe(true);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
  return (exports as { f: (...args: number[]) => number }).f;
}

describe('numbers are written as LEB128', () => {
  const written = (write: (out: Writer) => void): number[] => {
    const out = new Writer();
    write(out);
    return [...out.finish()];
  };

  test('as in the specification', () => {
    expect(written((out) => out.u32(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(written((out) => out.s32(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(written((out) => out.s32(64))).toEqual([0xc0, 0x00]); // bit 6 of a last byte is the sign
    expect(written((out) => out.u32(2 ** 32 - 1))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  });

  test('so that every i32 constant comes out of the compiled code', () => {
    const edges = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)];
    for (const x of edges) expect(compile([], () => i32.add(x, 0))()).toBe(x);
    fc.assert(
      fc.property(fc.integer(), (x) => compile([], () => i32.add(0, x))() === x),
      { numRuns: 50 },
    );
  });

  test('and lengths grow past the first buffer', () => {
    const out = new Writer();
    for (let i = 0; i < 1000; i++) out.byte(i & 255);
    out.append(new Uint8Array(5000).fill(7));
    expect(out.finish()).toHaveLength(6000);
    expect(out.finish()[999]).toBe(231);
  });
});

describe('control', () => {
  test('loops and conditions do what they say', () => {
    const sum = compile(['n'], ({ n }, frame) => {
      const [i, total] = [frame.local('i32'), frame.local('i32')];
      return sequence(
        forRange(i, 0, n, 1, when(i32.and(i, 1), total.set(i32.add(total, i)), total.set(i32.sub(total, 1)))),
        total,
      );
    });
    for (const n of [0, 1, 2, 5, 100]) {
      let wanted = 0;
      for (let i = 0; i < n; i++) wanted += i % 2 === 1 ? i : -1;
      expect(sum(n)).toBe(wanted);
    }
    expect(sum(-5)).toBe(0);
  });

  test('a doWhile runs at least once', () => {
    const count = compile(['n'], ({ n }, frame) => {
      const i = frame.local('i32');
      return sequence(doWhile(i32.ltS(i.tee(i32.add(i, 1)), n)), i);
    });
    expect([count(0), count(1), count(7)]).toEqual([1, 1, 7]);
  });

  test('functions call one another', () => {
    const assembler = new Assembler();
    const twice = assembler.func('twice', ['x'], ({ x }) => i32.shl(x, 1), { result: 'i32' });
    assembler.func('f', ['x'], ({ x }) => twice(twice(x)), { result: 'i32' });
    const module = new WebAssembly.Module(assembler.assemble(LIMITS));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    expect((exports as { f: (x: number) => number }).f(5)).toBe(20);
  });

  test('memory is copied and filled', () => {
    bytes.set([1, 2, 3, 4], 100);
    compile([], () => sequence(memoryCopy(102, 100, 4), memoryFill(110, 9, 2)), {})();
    expect([...bytes.subarray(100, 112)]).toEqual([1, 2, 1, 2, 3, 4, 0, 0, 0, 0, 9, 9]);
  });
});

test('scalar instructions compute what their names say', () => {
  const integers: [(x: Value, y: Value) => Code, (x: number, y: number) => number][] = [
    [i32.add, (x, y) => (x + y) | 0],
    [i32.sub, (x, y) => (x - y) | 0],
    [i32.mul, Math.imul],
    [i32.divS, (x, y) => (x / y) | 0],
    [i32.and, (x, y) => x & y],
    [i32.or, (x, y) => x | y],
    [i32.xor, (x, y) => x ^ y],
    [i32.shl, (x, y) => x << y],
    [i32.shrS, (x, y) => x >> y],
    [i32.shrU, (x, y) => (x >>> y) | 0],
    [i32.eq, (x, y) => Number(x === y)],
    [i32.ne, (x, y) => Number(x !== y)],
    [i32.ltS, (x, y) => Number(x < y)],
    [i32.ltU, (x, y) => Number(x >>> 0 < y >>> 0)],
    [i32.gtS, (x, y) => Number(x > y)],
    [i32.gtU, (x, y) => Number(x >>> 0 > y >>> 0)],
    [i32.leS, (x, y) => Number(x <= y)],
    [i32.leU, (x, y) => Number(x >>> 0 <= y >>> 0)],
    [i32.geS, (x, y) => Number(x >= y)],
    [i32.geU, (x, y) => Number(x >>> 0 >= y >>> 0)],
  ];
  for (const [make, wanted] of integers) {
    const f = compile(['x', 'y'], ({ x, y }) => make(x, y));
    for (const x of [0, 1, -1, 7, -123456, 2 ** 31 - 1]) for (const y of [1, 3, 31]) expect(f(x, y)).toBe(wanted(x, y));
  }
  const floats: [(x: Value, y: Value) => Code, (x: number, y: number) => number][] = [
    [f64.add, (x, y) => x + y],
    [f64.sub, (x, y) => x - y],
    [f64.mul, (x, y) => x * y],
    [f64.div, (x, y) => x / y],
    [f64.min, Math.min],
    [f64.max, Math.max],
    [(x) => f64.sqrt(x), (x) => Math.sqrt(x)],
    [(x) => f64.abs(x), (x) => Math.abs(x)],
    [(x) => f64.neg(x), (x) => -x],
    [(x) => f64.promoteF32(f32.demoteF64(x)), (x) => Math.fround(x)],
    [(x, y) => select(x, y, f64.lt(x, y)), (x, y) => (x < y ? x : y)],
    [(x, y) => select(x, y, f64.ge(x, f64.const(0.25))), (x, y) => (x >= 0.25 ? x : y)],
  ];
  for (const [make, wanted] of floats) {
    const f = compile(['x', 'y'], ({ x, y }) => make(x, y), { types: { x: 'f64', y: 'f64' }, result: 'f64' });
    for (const x of [0.1, -3.7, 0, -0, Number.NaN, Infinity])
      for (const y of [2.5, -0.3]) expect(f(x, y)).toBe(wanted(x, y));
  }
  const high = compile(['x', 'y'], ({ x, y }) =>
    i32.wrapI64(i64.shrU(i64.mul(i64.extendI32U(x), i64.extendI32U(y)), i64.extendI32U(32))),
  );
  expect(high(-1, -1)).toBe(-2);
});

describe('vector instructions', () => {
  const [x, y] = [new Float32Array(memory.buffer, 1024, 4), new Float32Array(memory.buffer, 1040, 4)];
  const out = (type: 'f32' | 'i32' | 'i16' | 'i8' | 'f64') =>
    ({ f32: Float32Array, i32: Int32Array, i16: Int16Array, i8: Int8Array, f64: Float64Array })[type];
  /** The vector that `make` leaves from the vectors at x and y. */
  function vector(make: (x: Value, y: Value) => Code, type: Parameters<typeof out>[0] = 'f32'): number[] {
    compile([], () => v128.store(1056, make(v128.load(1024), v128.load(1040))), {})();
    return [...new (out(type))(memory.buffer, 1056, 16 / out(type).BYTES_PER_ELEMENT)];
  }

  test('on four floats', () => {
    x.set([1.5, -2, Number.NaN, -0]);
    y.set([0.5, 7, 1, 0]);
    expect(vector(f32x4.add)).toEqual([2, 5, Number.NaN, 0]);
    expect(vector(f32x4.sub)).toEqual([1, -9, Number.NaN, -0]);
    expect(vector(f32x4.mul)).toEqual([0.75, -14, Number.NaN, -0]);
    expect(vector(f32x4.div)).toEqual([3, Math.fround(-2 / 7), Number.NaN, Number.NaN]);
    expect(vector(f32x4.min)).toEqual([0.5, -2, Number.NaN, -0]);
    expect(vector(f32x4.max)).toEqual([1.5, 7, Number.NaN, 0]);
    expect(vector(f32x4.pmin)).toEqual([0.5, -2, Number.NaN, -0]); // y < x ? y : x
    expect(vector(f32x4.pmax)).toEqual([1.5, 7, Number.NaN, -0]); // x < y ? y : x
    expect(vector((v) => f32x4.neg(v))).toEqual([-1.5, 2, Number.NaN, 0]);
    expect(vector((v) => f32x4.abs(v))).toEqual([1.5, 2, Number.NaN, 0]);
    expect(vector((v) => f32x4.nearest(v))).toEqual([2, -2, Number.NaN, -0]);
    expect(vector((_, v) => f32x4.sqrt(v))[0]).toBe(Math.fround(Math.sqrt(0.5)));
    expect(vector(f32x4.lt, 'i32')).toEqual([0, -1, 0, 0]);
    expect(vector((v) => f32x4.splat(f32x4.extractLane(1, v)))).toEqual([-2, -2, -2, -2]);
    expect(vector((v, w) => v128.shuffle32([3, 0, 4, 5], v, w))).toEqual([-0, 1.5, 0.5, 7]);
    expect(vector((v, w) => v128.bitselect(v, w, f32x4.gt(v, w)))).toEqual([1.5, 7, 1, 0]);
    expect(vector((v) => f64x2.promoteLowF32x4(v), 'f64')).toEqual([1.5, -2]);
    expect(vector((v) => f32x4.demoteF64x2Zero(f64x2.promoteLowF32x4(v)))).toEqual([1.5, -2, 0, 0]);
  });

  test('on integers of every width', () => {
    new Int32Array(memory.buffer, 1024, 4).set([7, -8, 70000, -(2 ** 31)]);
    new Int32Array(memory.buffer, 1040, 4).set([1, 2, 3, 4]);
    expect(vector(i32x4.add, 'i32')).toEqual([8, -6, 70003, -(2 ** 31) + 4]);
    expect(vector((v) => i32x4.shrS(v, 1), 'i32')).toEqual([3, -4, 35000, -(2 ** 30)]);
    expect(vector((v) => i32x4.maxS(v, i32x4.splat(0)), 'i32')).toEqual([7, 0, 70000, 0]);
    expect(vector((v, w) => i16x8.narrowI32x4S(v, w), 'i16')).toEqual([7, -8, 32767, -32768, 1, 2, 3, 4]);
    expect(vector((v, w) => i8x16.narrowI16x8S(i16x8.narrowI32x4S(v, w), i16x8.splat(-300)), 'i8').slice(0, 9)).toEqual(
      [7, -8, 127, -128, 1, 2, 3, 4, -128],
    );
    new Int16Array(memory.buffer, 1024, 8).set([1, 2, -3, 4, 5, 6, 7, 8]);
    new Int16Array(memory.buffer, 1040, 8).set([10, 100, 10, 100, 1, 1, -1, 1]);
    expect(vector(i32x4.dotI16x8S, 'i32')).toEqual([210, 370, 11, 1]);
    expect(vector((v) => i32x4.extendLowS(v), 'i32')).toEqual([1, 2, -3, 4]);
    expect(vector((v) => i32x4.extendHighU(v), 'i32')).toEqual([5, 6, 7, 8]);
    new Int32Array(memory.buffer, 1024, 4).set([-1, 3, 0, 0]);
    expect(
      vector(
        (v) => i32x4.splat(i32.wrapI64(i64.shrU(i64.extendI32U(i32x4.extractLane(0, v)), i64.extendI32U(31)))),
        'i32',
      )[0],
    ).toBe(1);
    expect(vector((v) => i64x2.extmulLowU(v, v), 'i32')).toEqual([1, -2, 9, 0]);
  });

  test('store single lanes', () => {
    x.set([1, 2, 3, 4]);
    bytes.fill(0, 1056, 1072);
    compile(
      [],
      () => sequence(v128.store32Lane(2, 1056, v128.load(1024)), v128.store64Lane(0, 1060, v128.load(1024))),
      {},
    )();
    expect([...new Float32Array(memory.buffer, 1056, 4)]).toEqual([3, 1, 2, 0]);
  });
});
