import fc from 'fast-check';
import { expect, test } from 'vitest';
import { relu, relu6 } from '../../kernels/reference/elementwise.ts';
import * as math from '../../kernels/reference/math.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { type Coded, Coder, DECODER } from '../../src/export/module-coder.ts';
import { FUNCTIONS } from '../../src/export/module-functions.ts';
import { HELPERS } from '../../src/export/module-helpers.ts';
import { KERNELS } from '../../src/export/module-kernels.ts';
import { minified } from '../../src/export/module-minified.ts';
import { fromFloat16 } from '../../src/graph/halves.ts';

const loaded = async (text: string): Promise<Readonly<Record<string, never>>> =>
  (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text)}`)) as never;

type Scalar = (x: number) => number;

/** Each function, and what defines its bits. */
const DEFINED: Readonly<Record<string, Scalar>> = {
  exp: math.exp64,
  expm1: math.expm1_64,
  tanh: math.tanh64,
  sigmoid: math.sigmoid64,
  softplus: math.softplus64,
  silu: math.silu64,
  gelu: math.gelu64,
  geluTanh: math.geluTanh64,
  hardSwish: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
  relu,
  relu6,
  log: math.log64,
  log1p: math.log1p64,
};

/** Every 65,537th float32, and those around which functions change. */
function* asked(): Generator<number> {
  const real = new Float32Array(1);
  const bits = new Uint32Array(real.buffer);
  for (let word = 0; word < 2 ** 32; word += 65_537) {
    bits[0] = word;
    yield real[0]!;
  }
  yield* [
    0,
    -0,
    Infinity,
    -Infinity,
    Number.NaN,
    88.72,
    89,
    -104,
    -103.97,
    20,
    -20,
    16,
    -16,
    128,
    -128,
    0.375,
    -0.25,
    -1,
  ];
  for (let x = -20; x < 20; x += 1 / 256) yield x;
}

test('functions of real numbers have the bits of those that define them', async () => {
  const names = Object.keys(DEFINED);
  const text = `${HELPERS.ROUND}\n${Object.values(FUNCTIONS).join('\n')}\nexport { ${names.join(', ')} };`;
  const module = (await loaded(text)) as unknown as Readonly<Record<string, Scalar>>;
  for (const name of names)
    for (const x of asked())
      if (!Object.is(module[name]!(x), DEFINED[name]!(x))) expect.fail(`${name} of ${x} is ${module[name]!(x)}`);
});

test('every function is held to what defines it', () => {
  const parts = ['REAL', 'power', 'logRatio'];
  expect(Object.keys(FUNCTIONS).sort()).toEqual([...Object.keys(DEFINED), ...parts].sort());
});

test('every half is the float32 that it stands for', async () => {
  const { floatsOfHalves } = (await loaded(`${HELPERS.floatsOfHalves}\nexport { floatsOfHalves };`)) as unknown as {
    readonly floatsOfHalves: (halves: Uint16Array) => Float32Array;
  };
  const halves = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  expect([...floatsOfHalves(halves)]).toEqual(Array.from(halves, fromFloat16));
});

/** Ties, and numbers past the ends of int8. */
const TIES = Float32Array.from({ length: 1200 }, (_, i) => (i - 600) / 4);

test('ties become the even int8, and what is past the ends becomes these', async () => {
  const helpers = [HELPERS.fr, HELPERS.ROUND, HELPERS.toInt8, HELPERS.quantize, HELPERS.quantizeRow].join('\n');
  const { quantize, quantizeRow } = (await loaded(`${helpers}\nexport { quantize, quantizeRow };`)) as unknown as {
    readonly quantize: (n: number, x: Float32Array, scale: number, zero: number, q: Int8Array) => void;
    readonly quantizeRow: (...to: [number, Float32Array, Float32Array, Int32Array, Int8Array]) => void;
  };
  for (const x of [TIES, Float32Array.of(Number.NaN, Infinity, -Infinity, -0)])
    for (const zero of [-128, 0, 3]) {
      const [own, wanted] = [new Int8Array(x.length), new Int8Array(x.length)] as const;
      quantize(x.length, x, 0.5, zero, own);
      reference.quantize(x.length, x, 0.5, zero, wanted);
      expect(own).toEqual(wanted);
    }
  for (const x of [
    TIES,
    TIES.map((v) => v + 40),
    TIES.subarray(0, 1),
    new Float32Array(3),
    Float32Array.of(1, Infinity),
  ]) {
    const made = [quantizeRow, reference.quantizeRows.bind(null, 1)].map((call) => {
      const results = [new Float32Array(1), new Int32Array(1), new Int8Array(x.length)] as const;
      call(x.length, x, ...results);
      return results;
    });
    expect(made[0]).toEqual(made[1]);
  }
});

const CLASSES = { Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array } as const;
const list = fc
  .record({
    type: fc.constantFrom(...(Object.keys(CLASSES) as (keyof typeof CLASSES)[])),
    numbers: fc.oneof(
      fc.array(fc.integer(), { maxLength: 60 }),
      fc.array(fc.constantFrom(0, 0, 0, 1, -1, 7), { maxLength: 900 }),
    ),
  })
  .map(({ type, numbers }): Coded => CLASSES[type].from(numbers));

test('arrays come back from the characters that they are coded in, one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(list, { maxLength: 5 }), async (arrays) => {
      const coder = new Coder();
      const reads = arrays.map((numbers) => coder.add(numbers));
      const digits = coder.finish();
      expect(digits).toMatch(/^[#-;=-[\]-~]*$/);
      const { made } = (await loaded(
        `const digits = "${digits}";\n${DECODER}\nexport const made = [${reads.join(', ')}];`,
      )) as unknown as { readonly made: readonly Coded[] };
      expect(made).toEqual(arrays);
    }),
    { numRuns: 60 },
  );
});

test('zeros and what is shared take next to nothing', () => {
  const length = (numbers: Coded): number => {
    const coder = new Coder();
    coder.add(numbers);
    return coder.finish().length;
  };
  const n = 10_000;
  const hash = (i: number): number => Math.imul(i + 1, 0x9e3779b1) >>> 24;
  expect(length(new Int32Array(n))).toBeLessThan(20);
  expect(length(Int8Array.from({ length: n }, (_, i) => hash(i)))).toBeLessThan(1.27 * n);
  expect(length(Int8Array.from({ length: n }, (_, i) => (hash(i) & 15) * 8))).toBeLessThan(0.64 * n); // 4 bits
  expect(length(Int8Array.from({ length: n }, (_, i) => (hash(i) < 26 ? hash(7 * i) : 0)))).toBeLessThan(0.22 * n);
});

test('minified, a text is the same to a machine', async () => {
  const text = `// comment
export const a = { key: [1, 2e-3, -(-4),], other: "x // \\" y;}", };
export function run(value, step = 2) {
  let key = 0;
  for (let i = 0; i < value; i++) key += step - -i;
  return value > 3 ? key : -key;
}`;
  const small = minified(text);
  const [one, two] = (await Promise.all([loaded(text), loaded(small)])) as unknown as {
    readonly a: object;
    readonly run: (value: number) => number;
  }[];
  expect(small.length).toBeLessThan(0.8 * text.length);
  expect(two!.a).toEqual(one!.a);
  for (const x of [1, 5]) expect(two!.run(x)).toBe(one!.run(x));
});

/** Which arguments a kernel rounds to float32 before it computes with them. */
const ROUNDED: Partial<Record<keyof typeof KERNELS, readonly number[]>> = {
  quantize: [2],
  dequantize: [2],
  addInt8: [2, 5, 7],
  avgPoolInt8: [4],
  batchNorm: [7],
  standardize: [3],
  leakyRelu: [2],
  elu: [2],
};

test.each(Object.entries(ROUNDED))('%s is told numbers as it rounds them', (kernel, which) => {
  const args = Array.from({ length: 10 }, (_, i) => (which.includes(i) ? 0.1 + i : i === 0 ? {} : i));
  const text = KERNELS[kernel as keyof typeof KERNELS](args, args.map(String));
  for (const i of which) expect(text).toContain(String(Math.fround(0.1 + i)));
});
