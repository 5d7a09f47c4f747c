import { type Kernels, reference } from 'whittle-ml/kernels';
import { checkSame, normal } from './data.ts';
import type { KernelCase } from './kernel-case.ts';
import { kernelCase } from './kernel-case.ts';
import type { ClockedVariant, Row } from './row.ts';
import { type Place, Places, type Table } from './tables.ts';

type LevelBits = Parameters<Kernels['packLevels']>[0];

/** The layer: so many inputs and units; and the rows of its weights that share a scale. */
const SIZE = 1024;
const GROUP = 32;
const BATCHES = [1, 64];
const BITS = [2, 4, 8] as const;

/** Words of a matrix whose sides are multiples of sixteen. */
const wordsOf = (bits: LevelBits, k: number, n: number): number => (k * n * bits) / 32;

/** Levels of so many bits, drawn by chance. */
const levelsOf = (bits: LevelBits, count: number): Int32Array => {
  const top = 2 ** (bits - 1);
  return Int32Array.from(normal(count, 2), (x) => Math.max(-top, Math.min(top - 1, Math.round((x * top) / 3))));
};

const scalesOf = (count: number): Float32Array => normal(count, 3).map((x) => 0.01 * (Math.abs(x) + 1));

/** Levels brought into words. */
export function packedLevels(): KernelCase[] {
  const side = 128;
  return [
    kernelCase('packLevels', `4 bits ${side}x${side}`, side * side, (k, { hold }) => {
      const levels = hold(levelsOf(4, side * side));
      const y = hold(new Int32Array(wordsOf(4, side, side)));
      return { call: () => k.packLevels(4, side, side, levels, y), y };
    }),
  ];
}

function variantsOn({ name, kernels }: Table, batch: number, place: Place): ClockedVariant[] {
  const given = normal(batch * SIZE, 1);
  const x = place.hold(given);
  const y = place.floats(batch * SIZE);
  const variant = (how: string, reads: number, call: () => void, expected: Float32Array): ClockedVariant => ({
    ...{ who: name, how, ours: true, base: `${name} float32`, reads },
    run: () => {
      call();
      return y[0]! + y[y.length - 1]!;
    },
    check: () => {
      y.fill(Number.NaN);
      call();
      checkSame(`${name} ${how}`, y, expected);
    },
  });
  const floats = normal(SIZE * SIZE, 4);
  const panels = place.floats(SIZE * SIZE); // no padding: SIZE is a multiple of 16
  kernels.packPanels(SIZE, SIZE, place.hold(floats), panels);
  const product = new Float32Array(batch * SIZE);
  reference.gemm(batch, SIZE, SIZE, given, false, floats, false, null, 'linear', product);
  const dense = (): void => kernels.gemmPanels(batch, SIZE, SIZE, x, panels, null, 'linear', y);
  const ofBits = BITS.map((bits) => {
    const words = new Int32Array(wordsOf(bits, SIZE, SIZE));
    reference.packLevels(bits, SIZE, SIZE, levelsOf(bits, SIZE * SIZE), words);
    const scales = scalesOf((SIZE / GROUP) * SIZE);
    const expected = new Float32Array(batch * SIZE);
    reference.gemmLevels(batch, SIZE, SIZE, given, bits, words, GROUP, scales, null, 'linear', expected);
    const [w, s] = [place.hold(words), place.hold(scales)];
    const call = (): void => kernels.gemmLevels(batch, SIZE, SIZE, x, bits, w, GROUP, s, null, 'linear', y);
    return variant(`int${bits}`, words.byteLength + scales.byteLength, call, expected);
  });
  return [variant('float32', panels.byteLength, dense, product), ...ofBits];
}

/** Products with weights of a few bits beside the float32 product of the same table. */
export function levelRows(tables: readonly Table[]): Row[] {
  const fast = tables.filter(({ name, exact }) => exact && name !== 'reference');
  return BATCHES.map(
    (batch): Row => ({
      name: `levels ${SIZE}x${SIZE} batch ${batch}`,
      work: 2 * batch * SIZE * SIZE,
      unit: 'GFLOP/s',
      ratio: 'speed',
      quick: batch === 1,
      peers: false,
      open: () => {
        const places = new Places();
        const variants = fast.flatMap((table) => variantsOn(table, batch, places.of(table)));
        return { variants, failures: [], close: () => places.free() };
      },
    }),
  );
}
