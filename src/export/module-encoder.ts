import { ShapeError, StateError, ValueError } from '../base/errors.ts';
import type { TableEncoderJSON } from '../data/encoder.ts';
import { readEncoder } from '../data/encoder-json.ts';
import { type ColumnSpec, featuresOf, LARGEST } from '../data/encodings.ts';
import { MinMaxScaler, type ScalerJSON, StandardScaler } from '../data/scale.ts';
import { MISSING } from '../data/scan.ts';
import type { TargetSpec } from '../data/targets.ts';
import type { Fitted } from '../data/transforming.ts';
import type { Listing } from './listing.ts';
import { text } from './module-ports.ts';

/** What made the numbers that a network was trained on: fitted, or the JSON of that. */
export type ModuleEncoder =
  | TableEncoderJSON
  | ScalerJSON
  | { readonly toJSON: () => TableEncoderJSON }
  | { readonly toJSON: () => ScalerJSON };

/** What of a module answers rows as they are, with its types. */
export interface Predicting {
  readonly source: readonly string[];
  readonly types: readonly string[];
}

/** The text of `predict`. Throws for an encoder that does not fit the network, and for columns that a module does not read. */
export function predictText(encoder: ModuleEncoder, listing: Listing): Predicting {
  const { inputs, outputs } = listing;
  const json: unknown = JSON.parse(JSON.stringify(encoder ?? null));
  const { type, format } = Object(json) as { readonly type?: unknown; readonly format?: unknown };
  const input = inputs[0]!;
  const output = outputs[0]!;
  if (inputs.length !== 1 || outputs.length !== 1 || input.type !== 'float32')
    throw new StateError(
      'toModule',
      'an encoder goes before a network of one input of real numbers and one output. Leave it out, and encode before run()',
    );
  if (format !== undefined) return tableText(readEncoder(json), input.size, output.size);
  if (type === 'StandardScaler') return scalerText(StandardScaler.fromJSON(json).toJSON(), input.size);
  if (type === 'MinMaxScaler') return scalerText(MinMaxScaler.fromJSON(json).toJSON(), input.size);
  const wanted = 'a fitted TableEncoder, StandardScaler or MinMaxScaler, or the JSON of one';
  throw new ValueError('toModule', 'encoder', wanted, encoder);
}

function checkWidth(width: number, size: number): void {
  if (width !== size)
    throw new ShapeError(
      'toModule',
      [[width], [size]],
      `the encoder makes ${width} numbers and the network takes ${size}`,
    );
}

function scalerText({ center, scale, featureRange }: ScalerJSON, size: number): Predicting {
  checkWidth(center.length, size);
  const [low, high] = featureRange as readonly [number, number];
  return {
    source: [
      `const center = [${[...center].join(', ')}], scale = [${[...scale].join(', ')}];`,
      `// Numbers as they were measured, samples one behind the other.
export function predict(numbers) {
  return run(Float32Array.from(numbers, (x, i) => {
    const j = i % ${size};
    const scaled = fr(((fr(x) - center[j]) / scale[j]) * (${high} - ${low}) + ${low});
    if (!(Math.abs(scaled) < Infinity)) throw new RangeError("predict: number " + i + " is out of range: " + x);
    return scaled;
  }));
}`,
    ],
    types: [
      '/** Answers of `run` to numbers as they were measured. Throws RangeError for those that are none. */',
      'export declare function predict(numbers: ArrayLike<number>): Float32Array;',
    ],
  };
}

/** Plain data as source code. */
const source = (data: object): string =>
  JSON.stringify(data).replace(/[<\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A column as `predict` reads it. */
const columnText = (spec: ColumnSpec, { clip, missing, unknown }: Fitted): string => {
  const { name, scaling } = spec;
  const common = { name, center: scaling?.center ?? null, scale: scaling?.scale ?? null };
  switch (spec.kind) {
    case 'date':
      throw new StateError(
        'toModule',
        `column "${name}" holds dates, which modules do not read. Make days of them before the encoder is fitted, or leave the column out`,
      );
    case 'number': {
      const largest =
        scaling === null ? LARGEST : Math.min(1e150, clip === null ? scaling.scale[0]! * LARGEST : Infinity);
      return source({ ...common, fill: spec.fill, marked: spec.marked, largest: Math.min(largest, Number.MAX_VALUE) });
    }
    case 'category': {
      const place = (category: string | null): number => (category === null ? -1 : spec.categories.indexOf(category));
      const other = place(spec.other);
      const isFilled = spec.fill !== null;
      return source({
        ...{ ...common, categories: spec.categories, numeric: spec.numeric, other },
        gap: isFilled ? place(spec.fill) : other,
        refuses: other < 0 && unknown === 'error',
        refusesGaps: !isFilled && (missing === 'error' || unknown === 'error'),
      });
    }
  }
};

/** A row of a table as the numbers that the encoder makes of it, and the answer as it is written there. */
function tableText(fitted: Fitted, size: number, results: number): Predicting {
  const { columns, target, clip } = fitted;
  checkWidth(columns.flatMap(featuresOf).length, size);
  const answer = answerText(target, results);
  const clipped = clip === null ? '' : `Math.max(-${clip}, Math.min(${clip}, `;
  return {
    source: [
      `const columns = [\n${columns.map((spec) => `  ${columnText(spec, fitted)},\n`).join('')}];`,
      `const MARKS = [${MISSING.map(text).join(', ')}];`,
      ...answer.before,
      `// What a row of the table, an object of its columns, is encoded as.
function encoded(row) {
  const x = new Float32Array(${size});
  let at = 0;
  for (const own of columns) {
    const refuse = (why) => {
      throw new RangeError("predict: column " + own.name + " " + why);
    };
    const put = (k, value) => {
      x[at++] = own.center ? ${clipped}(value - own.center[k]) / own.scale[k]${clip === null ? '' : '))'} : value;
    };
    if (!Object.hasOwn(row, own.name)) refuse("is not there");
    const given = row[own.name] ?? "", word = given === given ? String(given).trim() : "";
    const isPlain = word !== "" && !"xXoObB".split("").some((c) => word.includes(c)) && Math.abs(Number(word)) < Infinity;
    const isDash = word === "-" && own.categories && !own.numeric; // missing among numbers, and a text among texts
    const isMissing = MARKS.includes(word) && !isDash;
    if (own.categories) {
      const known = own.categories.indexOf(own.numeric && isPlain ? String(Number(word)) : word);
      if (isMissing && own.refusesGaps) refuse("is missing");
      if (!isMissing && known < 0 && own.refuses) refuse("has a category that the encoder does not keep: " + word);
      const code = isMissing ? own.gap : known < 0 ? own.other : known;
      own.categories.forEach((_, k) => put(k, k === code ? 1 : 0));
      continue;
    }
    if (isMissing && own.fill === null) refuse("is missing");
    if (!isMissing && !isPlain) refuse("is no number: " + word);
    const number = isMissing ? own.fill : Number(word);
    if (!isMissing && Math.abs(number - (own.center ? own.center[0] : 0)) > own.largest) refuse("is past the range of float32: " + word);
    put(0, number);
    if (own.marked) put(1, isMissing ? 1 : 0);
  }
  return x;
}`,
      answer.predict,
    ],
    types: [
      ...answer.types,
      `/** The answer to a row of the table, by the names of its columns. Throws RangeError, with the column, for what does not fit. */`,
      `export declare function predict(row: { readonly [column: string]: unknown }): ${answer.type};`,
    ],
  };
}

interface AnswerText {
  readonly before: readonly string[];
  readonly predict: string;
  readonly types: readonly string[];
  readonly type: string;
}

function answerText(target: TargetSpec | null, results: number): AnswerText {
  if (target === null)
    return {
      before: [],
      predict: 'export function predict(row) {\n  return run(encoded(row));\n}',
      types: [],
      type: 'Float32Array',
    };
  const { task, name } = target;
  const wanted = task === 'regression' ? 1 : target.classes.length;
  if (results !== wanted && !(results === 1 && wanted === 2))
    throw new ShapeError('toModule', [[results], [wanted]], `the encoder asks for ${wanted} outputs for "${name}"`);
  if (task === 'regression') {
    const { center, scale } = target.scaling ?? { center: [0], scale: [1] };
    return {
      before: [],
      predict: `export function predict(row) {\n  return run(encoded(row))[0] * ${scale[0]} + ${center[0]};\n}`,
      types: [],
      type: 'number',
    };
  }
  const both = results === 1 ? '[1 - y[0], y[0]]' : 'Array.from(y)';
  return {
    before: [`export const classes = [${target.classes.map(text).join(', ')}];`],
    predict: `export function predict(row) {
  const y = run(encoded(row)), probabilities = ${both};
  if (!y.every((p) => p >= 0 && p <= 1)) throw new RangeError("predict: the network gives no probabilities");
  return { label: classes[probabilities.indexOf(Math.max(...probabilities))], probabilities };
}`,
    types: [
      `/** What "${text(name).slice(1, -1).replaceAll('*/', '* /')}" may be, in the order of \`probabilities\`. */`,
      `export declare const classes: readonly [${target.classes.map(text).join(', ')}];`,
    ],
    type: '{ readonly label: (typeof classes)[number]; readonly probabilities: readonly number[] }',
  };
}
