import { elementsOf } from '../base/shape.ts';
import { addedFactors, addedRatios, boundsOf, type Format } from '../graph/fact.ts';
import { columnFactors, foldedBias, type IntegerProduct, multiplierOf } from '../graph/integers.ts';
import type { Operand, Site, Summing } from './site.ts';

/** The steps of nodes that make int8 in whole numbers alone: those with the rule `multiplier`. */

function requantizeWhole(
  { node, output: y, constants, scratch, step }: Site<'dense' | 'conv' | 'convTranspose'>,
  product: IntegerProduct,
  sum: Summing,
): void {
  const factors = columnFactors(product).map(multiplierOf);
  const bias = constants('int32', foldedBias(product));
  const multipliers = constants(
    'int32',
    Int32Array.from(factors, ({ multiplier }) => multiplier),
  );
  const shifts = constants(
    'int32',
    Int32Array.from(factors, ({ shift }) => shift),
  );
  const rows = elementsOf(y.shape.slice(0, -1));
  const units = y.shape.at(-1)!;
  const sums = scratch('int32', y.size);
  const { zeroPoint } = y.format!;
  const [low, high] = boundsOf(node.attrs.activation, y.format!);
  step((k, samples) => {
    sum(k, samples, sums.array);
    const by = [bias.array, multipliers.array, shifts.array] as const;
    k.requantizeWhole(samples * rows, units, sums.array, ...by, zeroPoint, low, high, y.bytes.array);
  });
}

/** A row for products, whose sums become int8 by the rule of the node. */
export const ofRule =
  <K extends 'dense' | 'conv' | 'convTranspose'>(row: (site: Site<K>) => void) =>
  (site: Site<K>): void => {
    const isWhole = site.node.attrs.rule === 'multiplier' && site.output.format !== null;
    row(isWhole ? { ...site, requantized: (product, sum) => requantizeWhole(site, product, sum) } : site);
  };

/** Two values added by factors of 21 bits. */
function addShifted({ inputs: [a, b], output: y, step }: Site<'add'>, formats: readonly Format[]): void {
  const { factors, shift } = addedFactors(formats, y.format);
  const [first, second] = factors as readonly [number, number];
  const zeros = first * formats[0]!.zeroPoint + second * formats[1]!.zeroPoint;
  const bias = (1 << (shift - 1)) - zeros;
  const { zeroPoint } = y.format!;
  step((k, samples) =>
    k.addInt8Shifted(
      samples * y.size,
      ...([a.bytes.array, first, b!.bytes.array, second, bias, shift, zeroPoint, y.bytes.array] as const),
    ),
  );
}

/** Two values added in whole numbers. */
export const ofAddRule =
  (row: (site: Site<'add'>) => void) =>
  (site: Site<'add'>): void => {
    const { node, inputs, output: y, step } = site;
    if (node.attrs.rule === undefined || y.format === null) {
      row(site);
      return;
    }
    const formats = inputs.map(({ format }) => format);
    if (node.attrs.rule === 'xnnpack') {
      addShifted(site, formats);
      return;
    }
    const [first, second, sum] = addedRatios(formats, y.format).map(multiplierOf);
    const { zeroPoint } = y.format;
    const term = ({ bytes, format }: Operand, { multiplier, shift } = first!) =>
      [bytes.array, format!.zeroPoint, multiplier, shift] as const;
    const [a, b] = inputs;
    step((k, samples) =>
      k.addInt8Whole(
        samples * y.size,
        ...term(a),
        ...term(b!, second),
        sum!.multiplier,
        sum!.shift,
        zeroPoint,
        y.bytes.array,
      ),
    );
  };
