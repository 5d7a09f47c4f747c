import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assemble,
  countDown,
  doWhile,
  forRange,
  type Locals,
  type NewLocals,
  select,
  when,
} from '../../../kernels/wasm/assembler.ts';
import { type Code, type Value, Writer } from '../../../kernels/wasm/code.ts';
import { instantiate } from '../../../kernels/wasm/engine.ts';
import * as f32 from '../../../kernels/wasm/instructions/f32.ts';
import * as f32x4 from '../../../kernels/wasm/instructions/f32x4.ts';
import * as f64 from '../../../kernels/wasm/instructions/f64.ts';
import * as f64x2 from '../../../kernels/wasm/instructions/f64x2.ts';
import * as i8x16 from '../../../kernels/wasm/instructions/i8x16.ts';
import * as i16x8 from '../../../kernels/wasm/instructions/i16x8.ts';
import * as i32 from '../../../kernels/wasm/instructions/i32.ts';
import * as i32x4 from '../../../kernels/wasm/instructions/i32x4.ts';
import * as i64x2 from '../../../kernels/wasm/instructions/i64x2.ts';
import * as memory from '../../../kernels/wasm/instructions/memory.ts';
import * as v128 from '../../../kernels/wasm/instructions/v128.ts';

const own = { memory: new WebAssembly.Memory({ initial: 1, maximum: 32767 }), isShared: false };
const { buffer } = own.memory;
const bytes = new Uint8Array(buffer);

type Body = (params: Locals, locals: NewLocals) => Code;

/** Compiles one function. */
const compile = (params: string, write: Body): ((...args: number[]) => number) =>
  instantiate(own, (func) => func(params, write));

/** Compiles an expression of i32, and runs it as a function. */
function compute(params: string, write: Body): (...args: number[]) => number {
  const run = compile(params, (given, locals) => i32.store(0, write(given, locals)));
  return (...args) => {
    run(...args);
    return new Int32Array(buffer)[0]!;
  };
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
    for (const x of edges) expect(compute('', () => i32.add(x, 0))()).toBe(x);
    fc.assert(
      fc.property(fc.integer(), (x) => compute('', () => i32.add(0, x))() === x),
      { numRuns: 50 },
    );
  });

  test('and lengths before what they count, within one another', () => {
    for (const length of [0, 1, 127, 128, 100_000]) {
      const out = written((out) =>
        out.sized(() => out.sized(() => Array.from({ length }, (_, i) => out.byte(i & 255)))),
      );
      const lengthAt = (at: number): number =>
        out.slice(at, at + 5).reduce((sum, byte, i) => sum + (byte & 0x7f) * 2 ** (7 * i), 0);
      expect([lengthAt(0), lengthAt(5), out.length]).toEqual([length + 5, length, length + 10]);
      expect(out.slice(0, 5).map((byte) => byte >> 7)).toEqual([1, 1, 1, 1, 0]);
      expect(out.slice(10, 300)).toEqual(Array.from({ length: Math.min(length, 290) }, (_, i) => i & 255));
    }
  });
});

describe('control', () => {
  test('loops and conditions do what they say', () => {
    const sum = compute('i', ([n], locals) => {
      const [i, total] = locals('ii');
      return [
        forRange(i, 0, n, 1, when(i32.and(i, 1), total.set(i32.add(total, i)), total.set(i32.sub(total, 1)))),
        total,
      ];
    });
    for (const n of [0, 1, 2, 5, 100]) {
      let wanted = 0;
      for (let i = 0; i < n; i++) wanted += i % 2 === 1 ? i : -1;
      expect(sum(n)).toBe(wanted);
    }
    expect(sum(-5)).toBe(0);
  });

  test('a doWhile runs at least once', () => {
    const count = compute('i', ([n], locals) => {
      const [i] = locals('i');
      return [doWhile(i32.ltS(i.tee(i32.add(i, 1)), n)), i];
    });
    expect([count(0), count(1), count(7)]).toEqual([1, 1, 7]);
  });

  test('a countDown goes on while enough is left', () => {
    const turns = (step: number, least: number): ((n: number) => number) =>
      compute('i', ([n], locals) => {
        const [i] = locals('i');
        return [countDown(n, step, least, i.set(i32.add(i, 1))), i32.add(i32.mul(i, 100), i32.and(n, 63))];
      });
    expect([0, 3, 4, 7, 8].map(turns(4, 4))).toEqual([0, 3, 100, 103, 200]);
    expect([-1, 0, 1, 4, 5].map(turns(4, 1))).toEqual([63, 0, 161, 100, 261]);
  });

  test('functions call one another', () => {
    const run = instantiate(own, (func) => {
      const double = func('i', ([at]) => i32.store(at, i32.shl(i32.load(at), 1)));
      func('ii', ([at, x]) => [i32.store(at, x), double(at), double(at)]);
    });
    run(64, 5);
    expect(new Int32Array(buffer)[16]).toBe(20);
  });

  test('memory is copied and filled', () => {
    bytes.set([1, 2, 3, 4], 100);
    compile('', () => [memory.copy(102, 100, 4), memory.fill(110, 9, 2)])();
    expect([...bytes.subarray(100, 112)]).toEqual([1, 2, 1, 2, 3, 4, 0, 0, 0, 0, 9, 9]);
  });

  test('imported functions are called by their place, before and beside own ones', () => {
    const seen: [string, number[]][] = [];
    const note =
      (name: string) =>
      (...operands: number[]) =>
        seen.push([name, operands]);
    const imports = [
      { fn: note('first'), params: 'if' },
      { fn: note('second'), params: 'd' },
    ];
    const run = instantiate(
      own,
      (func, imported) => {
        const [first, second] = [imported(0), imported(1)];
        const helper = func('i', ([x]) => first(x, f32.constant(0.1)));
        func('', () => [second(f64.constant(0.1)), helper(-7), second(f64.constant(Number.NEGATIVE_INFINITY))]);
      },
      imports,
    );
    run();
    expect(seen).toEqual([
      ['second', [0.1]],
      ['first', [-7, Math.fround(0.1)]],
      ['second', [Number.NEGATIVE_INFINITY]],
    ]);
  });

  test('a module may ask for shared memory', () => {
    const code = assemble((func) => func('', () => []), { maximum: 2, shared: true });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), {
      env: { 0: new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true }) },
    });
    expect(Object.keys(exports)).toEqual(['run']);
  });
});

test('scalar instructions compute what their names say', () => {
  const integers: [(x: Value, y: Value) => Code, (x: number, y: number) => number][] = [
    [i32.add, (x, y) => (x + y) | 0],
    [i32.sub, (x, y) => (x - y) | 0],
    [i32.mul, Math.imul],
    [i32.and, (x, y) => x & y],
    [i32.or, (x, y) => x | y],
    [i32.shl, (x, y) => x << y],
    [i32.shrU, (x, y) => (x >>> y) | 0],
    [(x) => i32.eqz(x), (x) => Number(x === 0)],
    [i32.eq, (x, y) => Number(x === y)],
    [i32.ltS, (x, y) => Number(x < y)],
    [i32.ltU, (x, y) => Number(x >>> 0 < y >>> 0)],
    [i32.gtS, (x, y) => Number(x > y)],
    [i32.geS, (x, y) => Number(x >= y)],
    [(x, y) => select(x, y, i32.gtS(x, y)), Math.max],
  ];
  for (const [make, wanted] of integers) {
    const f = compute('ii', ([x, y]) => make(x, y));
    for (const x of [0, 1, -1, 7, -123456, 2 ** 31 - 1]) for (const y of [1, 3, 31]) expect(f(x, y)).toBe(wanted(x, y));
  }
  const floats: [(x: Value, y: Value) => Code, (x: number, y: number) => number][] = [
    [f64.add, (x, y) => x + y],
    [f64.div, (x, y) => x / y],
    [(x) => f64.add(x, f64.constant(0.1)), (x) => x + 0.1],
  ];
  for (const [make, wanted] of floats) {
    const run = compile('dd', ([x, y]) => [
      f32.store(0, f32.demoteF64(make(x, y))),
      f32.store(4, f32.constant(Math.PI)),
    ]);
    for (const x of [0.1, -3.7, 0, -0, Number.NaN, Infinity])
      for (const y of [2.5, -0.3]) {
        run(x, y);
        expect([...new Float32Array(buffer, 0, 2)]).toEqual([Math.fround(wanted(x, y)), Math.fround(Math.PI)]);
      }
  }
  const comparisons: [(x: Value, y: Value) => Code, (x: number, y: number) => boolean][] = [
    [f32.eq, (x, y) => x === y],
    [f32.ne, (x, y) => x !== y],
    [f32.lt, (x, y) => x < y],
    [f32.gt, (x, y) => x > y],
  ];
  const numbers = [0, -0, 1.5, -Infinity, Number.NaN];
  for (const [make, wanted] of comparisons) {
    const f = compute('ff', ([x, y]) => [f32.store(8, x), make(f32.load(8), y)]);
    for (const x of numbers) for (const y of numbers) expect(f(x, y)).toBe(Number(wanted(x, y)));
  }
  const byte = compute('i', ([x]) => [i32.store8(64, x), i32.load8S(64)]);
  expect([127, 128, 255, -1].map((x) => byte(x))).toEqual([127, -128, -1, -1]);
  const run = compile('i', ([x]) => f32.store(0, f32.demoteF64(f64.convertI32S(x))));
  run(-7);
  expect(new Float32Array(buffer)[0]).toBe(-7);
});

describe('vector instructions', () => {
  const [x, y] = [new Float32Array(buffer, 1024, 4), new Float32Array(buffer, 1040, 4)];
  const arrays = { f32: Float32Array, i32: Int32Array, i16: Int16Array, i8: Int8Array, f64: Float64Array };
  /** The vector that `make` leaves from the vectors at x and y. */
  function vector(make: (x: Value, y: Value) => Code, type: keyof typeof arrays = 'f32'): number[] {
    compile('', () => v128.store(1056, make(v128.load(1024), v128.load(1040))))();
    return [...new arrays[type](buffer, 1056, 16 / arrays[type].BYTES_PER_ELEMENT)];
  }

  test('on floats', () => {
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
    expect(vector(f32x4.le, 'i32')).toEqual([0, -1, 0, -1]);
    expect(vector(f32x4.ge, 'i32')).toEqual([-1, 0, 0, -1]);
    expect(vector(f32x4.eq, 'i32')).toEqual([0, 0, 0, -1]);
    expect(vector(f32x4.ne, 'i32')).toEqual([-1, -1, -1, 0]);
    expect(vector(() => f32x4.splat(f32.constant(-2)))).toEqual([-2, -2, -2, -2]);
    expect(vector((v, w) => v128.shuffle32([3, 0, 4, 5], v, w))).toEqual([-0, 1.5, 0.5, 7]);
    expect(vector((v, w) => v128.bitselect(v, w, f32x4.gt(v, w)))).toEqual([1.5, 7, 1, 0]);
    expect(vector((v) => f64x2.promoteLowF32x4(v), 'f64')).toEqual([1.5, -2]);
    expect(vector((v) => f32x4.demoteF64x2Zero(f64x2.promoteLowF32x4(v)))).toEqual([1.5, -2, 0, 0]);
    const pairs = (op: (x: Value, y: Value) => Code): number[] =>
      vector((v, w) => op(f64x2.promoteLowF32x4(v), f64x2.promoteLowF32x4(w)), 'f64');
    expect(pairs(f64x2.add)).toEqual([2, 5]);
    expect(pairs(f64x2.sub)).toEqual([1, -9]);
    expect(pairs(f64x2.mul)).toEqual([0.75, -14]);
    expect(pairs(f64x2.div)).toEqual([3, -2 / 7]);
    expect(pairs((v) => f64x2.abs(f64x2.neg(v)))).toEqual([1.5, 2]);
  });

  test('on integers of every width', () => {
    new Int32Array(buffer, 1024, 4).set([7, -8, 70000, -(2 ** 31)]);
    new Int32Array(buffer, 1040, 4).set([1, 2, 3, 4]);
    expect(vector(i32x4.add, 'i32')).toEqual([8, -6, 70003, -(2 ** 31) + 4]);
    expect(vector((v) => i32x4.shrS(v, 1), 'i32')).toEqual([3, -4, 35000, -(2 ** 30)]);
    expect(vector((v) => i32x4.shrU(v, 28), 'i32')).toEqual([0, 15, 0, 8]);
    expect(vector((v) => i32x4.maxS(v, i32x4.splat(0)), 'i32')).toEqual([7, 0, 70000, 0]);
    expect(vector((v) => i32x4.replaceLane(1, v, 5), 'i32')).toEqual([7, 5, 70000, -(2 ** 31)]);
    expect(vector((v, w) => i16x8.narrowI32x4S(v, w), 'i16')).toEqual([7, -8, 32767, -32768, 1, 2, 3, 4]);
    const narrowed = vector((v, w) => i8x16.narrowI16x8S(i16x8.narrowI32x4S(v, w), v), 'i8');
    expect(narrowed.slice(0, 8)).toEqual([7, -8, 127, -128, 1, 2, 3, 4]);
    expect(vector(i32x4.mul, 'i32')).toEqual([7, -16, 210000, 0]); // wraps
    expect(vector((v) => i32x4.abs(v), 'i32')).toEqual([7, 8, 70000, -(2 ** 31)]);
    // (-2³¹)·4 and 70000·3
    expect(vector(i64x2.extmulHighS, 'i32')).toEqual([210000, 0, 0, -2]);
    expect(vector(i64x2.extmulLowS, 'i32')).toEqual([7, 0, -16, -1]);
    new Int16Array(buffer, 1024, 8).set([1, 2, -3, 4, 5, 6, 7, 8]);
    new Int16Array(buffer, 1040, 8).set([10, 100, 10, 100, 1, 1, -1, 1]);
    expect(vector(i32x4.dotI16x8S, 'i32')).toEqual([210, 370, 11, 1]);
    expect(vector((v) => i32x4.extendLowS(v), 'i32')).toEqual([1, 2, -3, 4]);
    new Int32Array(buffer, 1024, 4).set([-1, 3, 0, 0]);
    expect(vector((v) => i64x2.extmulLowU(v, v), 'i32')).toEqual([1, -2, 9, 0]);
    x.set([2 ** 31, -1, Number.NaN, 2.9]);
    expect(vector((v) => i32x4.truncSatF32x4S(v), 'i32')).toEqual([2 ** 31 - 1, -1, 0, 2]);
  });

  test('store single lanes', () => {
    x.set([1, 2, 3, 4]);
    bytes.fill(0, 1056, 1072);
    compile('', () => [
      v128.store32Lane(2, 1056, v128.load(1024)),
      v128.store64Lane(0, 1060, v128.load(1024)),
      v128.store8Lane(3, 1071, v128.load(1024)),
    ])();
    expect([...new Float32Array(buffer, 1056, 3)]).toEqual([3, 1, 2]);
    expect(bytes[1071]).toBe(0x3f); // the highest byte of 1
  });
});
