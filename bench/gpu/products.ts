import { fromData } from 'whittle-ml';
import { type DeviceTensor, type GpuBackend, gpuMatmul, gpuMatmulInt8, type MatmulVariant } from 'whittle-ml/gpu';
import { normal } from '../data.ts';
import { productOn } from '../gemm.ts';
import { checkIntegers, integers, problemOf } from '../gemm-int8.ts';
import { checkProduct, exactProduct, type GemmShape, nameOfShape } from '../product.ts';
import type { Contest, Variant } from '../row.ts';
import { Places, type Table } from '../tables.ts';
import type { DeviceRow } from './device-row.ts';
import { clockedHere, variantOf } from './variants.ts';

const SQUARES: readonly GemmShape[] = [64, 128, 256, 512, 1024].map((n) => [n, n, n] as const);
/** The products of networks: a layer on a batch of 32, and one with few outputs. */
const SKINNY: readonly GemmShape[] = [
  [32, 784, 128],
  [64, 64, 10],
];
const INT8: readonly GemmShape[] = [[64, 64, 64], [256, 256, 256], [512, 512, 512], SKINNY[0]!];
/** The largest side that `--quick` takes. */
const QUICK_SIDE = 784;

const isQuick = (shape: GemmShape): boolean => {
  const [m, k, n] = shape;
  return Math.max(m, k, n) <= (m === n ? 256 : QUICK_SIDE);
};

const variantsOn = ({ mode }: GpuBackend): readonly MatmulVariant[] =>
  mode === 'webgpu' ? ['naive', 'fourSums'] : ['naive', 'fourSums', 'packed'];

/** Reads a result back and gives its memory back. */
async function finished(gpu: GpuBackend, result: Promise<DeviceTensor>): Promise<ArrayLike<number>> {
  const c = await result;
  try {
    return (await gpu.download(c)).data;
  } finally {
    c.dispose();
  }
}

async function openProduct(shape: GemmShape, gpu: GpuBackend, tables: readonly Table[]): Promise<Contest> {
  const [m, k, n] = shape;
  const operands = [normal(m * k, 1), normal(k * n, 2)] as const;
  const exact = exactProduct(shape, ...operands);
  const check = (name: string, c: ArrayLike<number>): void => checkProduct(name, c, exact);
  const a = fromData(operands[0], [m, k]);
  const b = fromData(operands[1], [k, n]);
  const x = await gpu.upload(a);
  const y = await gpu.upload(b);
  const places = new Places();
  const onDevice = variantsOn(gpu).flatMap((variant): Variant[] => {
    const resident = (): Promise<ArrayLike<number>> => finished(gpu, gpuMatmul(x, y, { variant }));
    const withTransfer = async (): Promise<ArrayLike<number>> => {
      const p = await gpu.upload(a);
      const q = await gpu.upload(b);
      try {
        return await finished(gpu, gpuMatmul(p, q, { variant }));
      } finally {
        p.dispose();
        q.dispose();
      }
    };
    return [variantOf(variant, 'resident', resident, check), variantOf(variant, 'with transfer', withTransfer, check)];
  });
  const onTables = tables.map((table) => clockedHere(productOn(table, 'NN', '', operands, exact, places.of(table))));
  const close = (): void => {
    x.dispose();
    y.dispose();
    places.free();
  };
  return { variants: [...onDevice, ...onTables], failures: [], close };
}

async function openInt8(shape: GemmShape, gpu: GpuBackend, tables: readonly Table[]): Promise<Contest> {
  const [m, k, n] = shape;
  const problem = problemOf(shape);
  const x = await gpu.upload(fromData(problem.a8, [m, k], 'int8'));
  const y = await gpu.upload(fromData(problem.weights, [k, n], 'int8'));
  const places = new Places();
  const onDevice = variantOf(
    'device',
    'int8 resident',
    () => finished(gpu, gpuMatmulInt8(x, y)),
    (name, c) => checkIntegers(name, problem, c),
  );
  const onTables = tables.map((table) => clockedHere(integers(table, problem, places.of(table))));
  const close = (): void => {
    x.dispose();
    y.dispose();
    places.free();
  };
  return { variants: [onDevice, ...onTables], failures: [], close };
}

/** float32: every variant of the device, its operands there already or brought each time, and the tables. */
const matmulRows: readonly DeviceRow[] = [...SQUARES, ...SKINNY].map((shape) => ({
  name: `matmul ${nameOfShape(shape)}`,
  work: 2 * shape[0] * shape[1] * shape[2],
  unit: 'GFLOP/s',
  quick: isQuick(shape),
  openOn: (gpu, tables) => openProduct(shape, gpu, tables),
}));

const int8Rows: readonly DeviceRow[] = INT8.map((shape) => ({
  name: `int8 ${nameOfShape(shape)}`,
  work: 2 * shape[0] * shape[1] * shape[2],
  unit: 'GOP/s',
  quick: isQuick(shape),
  openOn: (gpu, tables) => openInt8(shape, gpu, tables),
}));

/** Products of floats and of bytes; larger ones of a kind come after smaller ones. */
export const productRows: readonly DeviceRow[] = [...matmulRows, ...int8Rows];
