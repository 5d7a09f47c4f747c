import { type Convolution, type ConvStep, convLadder, reference } from 'whittle-ml/kernels';
import { checkSame, checkScaled, normal } from './data.ts';
import { productOn } from './gemm.ts';
import { exactProduct, type GemmShape } from './product.ts';
import type { Row, Variant } from './row.ts';
import { implementations, type Place, Places, type Table } from './tables.ts';

/** Square images, windows and strides of 1; `same` padding. */
interface Shape {
  readonly size: number;
  readonly channels: number;
  readonly units: number;
  readonly side: number;
  readonly batch: number;
}

/** Few images, since the first rungs are slow; rates hardly depend on how many there are. */
const LADDER: readonly Shape[] = [
  { size: 3, channels: 1, units: 32, side: 28, batch: 4 },
  { size: 3, channels: 32, units: 32, side: 14, batch: 4 },
  { size: 1, channels: 64, units: 128, side: 14, batch: 4 },
];

const nameOfShape = ({ size, channels, units, side, batch }: Shape): string =>
  `${size}x${size} ${channels}->${units} ${side}x${side} batch ${batch}`;

const workOf = ({ size, channels, units, side, batch }: Shape): number =>
  2 * batch * side ** 2 * size ** 2 * channels * units;

const convolutionOf = ({ size, channels, units, side, batch }: Shape): Convolution => ({
  ...{ batch, height: side, width: side, outHeight: side, outWidth: side, kernelHeight: size, kernelWidth: size },
  ...{ strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: (size - 1) / 2, padLeft: (size - 1) / 2 },
  ...{ channels, units, groups: 1 },
});

const operandsOf = ({ size, channels, units, side, batch }: Shape) => ({
  x: normal(batch * side ** 2 * channels, 1),
  kernel: normal(size ** 2 * channels * units, 2),
  y: batch * side ** 2 * units,
});

function rungOf({ name, conv }: ConvStep, shape: Shape, place: Place | null, expected: Float32Array): Variant {
  const s = convolutionOf(shape);
  const operands = operandsOf(shape);
  const hold = (values: Float32Array): Float32Array => place?.hold(values) ?? values;
  const x = hold(operands.x);
  const kernel = hold(operands.kernel);
  const y = hold(new Float32Array(operands.y));
  return {
    who: name,
    how: '',
    ours: true,
    run: () => {
      conv(s, x, kernel, y);
      return y[0]! + y[y.length - 1]!;
    },
    check: () => {
      y.fill(Number.NaN);
      conv(s, x, kernel, y);
      checkSame(name, y, expected);
    },
  };
}

/** Every rung of the ladder, and the table in TypeScript beside them; `simd` is the kernel of the `wasm` table. */
export function convLadderRows(tables: readonly Table[]): Row[] {
  const simd = tables.find(({ name }) => name === 'wasm');
  const rungs = convLadder.filter(({ name }) => name !== 'simd' || simd !== undefined);
  const cpu = tables.filter(({ name }) => name === 'cpu');
  return LADDER.map((shape): Row => {
    return {
      name: `ladder conv2d ${nameOfShape(shape)}`,
      work: workOf(shape),
      unit: 'GFLOP/s',
      ratio: 'speed',
      quick: shape.channels === 32,
      peers: false,
      open: () => {
        const places = new Places();
        const { x, kernel, y } = operandsOf(shape);
        const expected = new Float32Array(y);
        reference.conv2d(convolutionOf(shape), x, kernel, null, 'linear', expected);
        const variants = rungs.map((rung) =>
          rungOf(rung, shape, rung.name === 'simd' ? places.of(simd!) : null, expected),
        );
        const ours = cpu.map(({ name, kernels }) => {
          const conv: ConvStep['conv'] = (s, a, b, c) => kernels.conv2d(s, a, b, null, 'linear', c);
          return rungOf({ name, conv, explanation: '' }, shape, null, expected);
        });
        return { variants: [...variants, ...ours], failures: [], close: () => places.free() };
      },
    };
  });
}

const PRODUCT: GemmShape = [256, 256, 256];

/** What a convolution should reach of the rate of a product. */
const GOALS: readonly (readonly [Shape, number])[] = [
  [{ size: 3, channels: 64, units: 64, side: 14, batch: 32 }, 0.7],
  [{ size: 1, channels: 64, units: 128, side: 14, batch: 32 }, 0.9],
];

/** A convolution and its two gradients, each by itself. */
function besideOn({ name, kernels, exact }: Table, shape: Shape, goal: number, place: Place): Variant[] {
  const s = convolutionOf(shape);
  const operands = operandsOf(shape);
  const x = place.hold(operands.x);
  const kernel = place.hold(operands.kernel);
  const dy = place.hold(normal(operands.y, 3));
  const y = place.floats(operands.y);
  const dx = place.floats(operands.x.length);
  const dKernel = place.floats(operands.kernel.length);
  const one = { ...s, batch: 1 };
  type Pass = readonly [how: string, on: (k: typeof kernels, s: Convolution) => void, result: Float32Array];
  const passes: readonly Pass[] = [
    ['', (k, sizes) => k.conv2d(sizes, x, kernel, null, 'linear', y), y],
    ['for x', (k, sizes) => k.conv2dTransposed(sizes, dy, kernel, null, 'linear', dx), dx],
    ['for the kernel', (k, sizes) => k.conv2dKernelGrad(sizes, x, dy, dKernel), dKernel],
  ];
  return passes.map(([how, on, result]): Variant => {
    const title = `conv2d ${shape.size}x${shape.size} ${shape.channels}->${shape.units} ${how}`.trim();
    return {
      who: name,
      how: title,
      ours: true,
      base: `${name} gemm 256`,
      ...(how === '' && name === 'wasm' ? { goal } : {}),
      work: workOf(shape),
      run: () => {
        on(kernels, s);
        return result[0]! + result[result.length - 1]!;
      },
      // One image: all of them take `reference` seconds.
      check: () => {
        result.fill(7);
        on(reference, one);
        const expected = result.slice();
        result.fill(7);
        on(kernels, one);
        if (exact) checkSame(`${name} ${title}`, result, expected);
        else checkScaled(`${name} ${title}`, result, expected);
      },
    };
  });
}

/** How near a convolution comes to the product that it is: rates of both in one row. */
export function besideProductRow(tables: readonly Table[]): Row {
  const fast = implementations(
    tables.filter(({ name }) => name !== 'reference' && name !== 'own'),
    'conv2d',
  );
  const [m, k, n] = PRODUCT;
  return {
    name: 'conv2d beside gemm 256',
    work: 2 * m * n * k,
    unit: 'GFLOP/s',
    ratio: 'speed',
    quick: true,
    peers: false,
    open: () => {
      const operands = [normal(m * k, 1), normal(k * n, 2)] as const;
      const exact = exactProduct(PRODUCT, ...operands);
      const places = new Places();
      const variants = fast.flatMap((table) => {
        const place = places.of(table);
        const product = {
          ...productOn(table, 'NN', 'gemm 256', operands, exact, place),
          base: `${table.name} gemm 256`,
        };
        return [product, ...GOALS.flatMap(([shape, goal]) => besideOn(table, shape, goal, place))];
      });
      return { variants, failures: [], close: () => places.free() };
    },
  };
}
