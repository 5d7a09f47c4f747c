import {
  Conv2D,
  Dense,
  Flatten,
  type Layer,
  type Network,
  oneHot,
  quantize,
  Random,
  reshape,
  Sequential,
  type Tensor,
  toNetwork,
} from 'whittle-ml';
import { type EncoderOptions, readCSV, TableEncoder } from 'whittle-ml/data';
import { withOneScale } from '../../lab/src/images.ts';
import { modelFile } from '../../lab/src/models.ts';
import type { ReadFlags } from '../../lab/src/options-reading.ts';

/** Fruits: a size that is missing now and then, a color, a code that is no number though most look so, a grade that is a number and a class, and a weight. */
export const FRUIT = `size,color,code,grade,kind,grams\n${Array.from({ length: 60 }, (_, i) => {
  const [a, b] = new Random(i, 'fruit').uniform([2]).data as Float32Array;
  const [kind, color, size] = (
    [
      ['cherry', 'red', 2],
      ['lime', 'green', 6],
      ['plum, blue', 'blue', 4],
    ] as const
  )[i % 3]!;
  const own = i % 20 === 7 ? '' : (size + a!).toFixed(2);
  return [own, color, ['01', '1', 'b2', '03'][i % 4], (i % 5) / 2, `"${kind}"`, (10 * size + 5 * b!).toFixed(1)].join(
    ',',
  );
}).join('\n')}\n`;

const USUAL: EncoderOptions = {
  ...{ missing: 'mean', odd: 'missing', rare: 'other', unknown: 'zeros', unlabelled: 'skip' },
  ...{ scale: 'standard', clip: 4, scaleTarget: true },
};

/** The file of a network that was trained for a few epochs, as a run writes it. */
export function fruitModel(
  options: EncoderOptions,
  { csv = FRUIT, form = 'int8', flags = {} }: { csv?: string; form?: 'int8' | 'float32'; flags?: ReadFlags } = {},
): Uint8Array {
  const table = readCSV(csv, {
    delimiter: 'auto',
    decimal: 'auto',
    thousands: 'auto',
    na: flags.na ? ['', ...flags.na] : undefined!,
  });
  const encoder = new TableEncoder({ ...USUAL, types: { code: 'category', grade: 'category' }, ...options }).fit(table);
  const { features, target } = encoder.transform(table, { target: true });
  const network = trained([], features, target!, encoder.classNames?.length ?? null, form);
  return modelFile({ network, encoder }, table, flags);
}

/** Images of 8×8 from 0 to 16 that are bright in one quarter, of which `where` tells which. */
export const QUARTERS = `${[...Array.from({ length: 64 }, (_, i) => `pixel${i}`), 'where'].join(',')}\n${Array.from(
  { length: 48 },
  (_, i) => {
    const noise = new Random(i, 'quarters').uniform([64]).data;
    const pixels = Array.from({ length: 64 }, (__, p) => {
      const quarter = (p % 8 < 4 ? 0 : 1) + (p < 32 ? 0 : 2);
      return p === 0 ? 0 : Math.round(6 * noise[p]! + (quarter === i % 4 ? 10 : 0));
    });
    return [...pixels, ['top left', 'top right', 'bottom left', 'bottom right'][i % 4]].join(',');
  },
).join('\n')}\n`;

/** As a convolution on images, or as a perceptron on the columns of pixels that are not constant. */
export function quarterModel(as: 'images' | 'columns'): Uint8Array {
  const table = readCSV(QUARTERS);
  const plain = new TableEncoder({ ...USUAL, target: 'where', columns: as === 'images' ? 'all' : 'useful' }).fit(table);
  const encoder = as === 'images' ? withOneScale(plain, table, [...Array(table.rows).keys()]) : plain;
  const { features, target } = encoder.transform(table, { target: true });
  const layers = as === 'images' ? [new Conv2D(4, 3, { activation: 'relu' }), new Flatten()] : [];
  const x = as === 'images' ? reshape(features, [table.rows, 8, 8, 1]) : features;
  return modelFile({ network: trained(layers, x, target!, 4, 'int8'), encoder }, table, {});
}

function trained(
  first: readonly Layer[],
  x: Tensor,
  target: Tensor,
  classes: number | null,
  form: 'int8' | 'float32',
): Network {
  const last = classes === null ? new Dense(1) : new Dense(classes, { activation: 'softmax' });
  const model = new Sequential([...first, new Dense(8, { activation: 'relu' }), last], { seed: 1 });
  model.compile({ optimizer: 'adam', loss: classes === null ? 'meanSquaredError' : 'categoricalCrossentropy' });
  model.fit(x, classes === null ? target : oneHot(target, classes), { epochs: 60 });
  return form === 'int8' ? quantize(model, { calibration: x }) : toNetwork(model);
}
