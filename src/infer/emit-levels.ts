import type { LevelBits } from '../../kernels/interface/levels.ts';
import { levelWords } from '../../kernels/packing.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import type { DenseName, DenseStored, EncodingOf } from '../graph/encoding.ts';
import { levelsOf } from '../graph/levels.ts';
import { powerOfTwo } from '../graph/powers.ts';
import { copied } from './emit-reals.ts';
import { finishing, type Site } from './site.ts';

/** Whole numbers of a matrix [terms, units] and their scales [⌈terms/group⌉, units]. */
interface Levels {
  readonly levels: Int32Array;
  readonly group: number;
  readonly scales: Float32Array;
}

type LevelsIn<E extends DenseName> = (encoding: EncodingOf<E>, shape: Shape) => Levels | null;

const none = (): null => null;

/** One row an encoding: the levels that it holds; null where there are none. */
const LEVELS_IN: { readonly [E in DenseName]: LevelsIn<E> } = {
  float32: none,
  float64: none,
  float16: none,
  bfloat16: none,
  palette: none,
  hashed: none,
  int32: none,
  int8: ({ values, scales }) => inColumns(values, scales),
  levels: (encoding, shape) => ({ ...encoding, levels: levelsOf(encoding, shape) }),
  fixed: ({ values, fraction }, shape) =>
    inColumns(values, new Float32Array(shape.at(-1)!).fill(powerOfTwo(-fraction))),
};

/** Levels with a scale for each column. */
const inColumns = (values: Int8Array | Int16Array, scales: Float32Array): Levels => ({
  levels: Int32Array.from(values),
  group: Math.max(1, values.length / scales.length || 0),
  scales,
});

const WIDTHS: readonly LevelBits[] = [2, 4, 8, 16];

/** The fewest bits that hold all of them. */
const bitsFor = (levels: Int32Array): LevelBits =>
  WIDTHS.find((bits) => levels.every((level) => (level << (32 - bits)) >> (32 - bits) === level))!;

/** A product of real numbers and a kernel of levels, which stay as small in memory as they are. */
function levelDense(site: Site<'dense'>, { levels, group, scales: given }: Levels): void {
  const {
    node,
    inputs: [x],
    output: y,
    packed,
  } = site;
  const terms = x.shape.at(-1)!;
  const units = y.shape.at(-1)!;
  const rows = elementsOf(x.shape.slice(0, -1));
  const bits = bitsFor(levels);
  const { kernel } = node.weights;
  const words = packed(`${kernel} levels`, 'int32', levelWords(bits, terms, units), (k, to) =>
    k.packLevels(bits, terms, units, levels, to),
  );
  const scales = packed(`${kernel} scales`, 'float32', given.length, (_, to) => to.set(given));
  const bias = copied(site, 'bias');
  finishing(node.attrs.activation, y, site, (k, samples, epilogue, sums) => {
    const added = bias?.array ?? null;
    const own = [bits, words.array, group, scales.array] as const;
    k.gemmLevels(samples * rows, units, terms, x.real.array, ...own, added, epilogue, sums.array);
  });
}

/** A row for kernels of levels where the table multiplies them, another for the rest. */
export const ofLevels =
  (decoded: (site: Site<'dense'>) => void) =>
  (site: Site<'dense'>): void => {
    const { gemmLevels, packLevels } = site.kernels;
    const { encoding, shape } = site.weights.kernel as DenseStored;
    const levelsIn = LEVELS_IN[encoding.type] as LevelsIn<DenseName>;
    const levels = gemmLevels && packLevels ? levelsIn(encoding, shape) : null;
    if (levels === null) decoded(site);
    else levelDense(site, levels);
  };
