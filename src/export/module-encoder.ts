import { StateError, ValueError } from '../base/errors.ts';
import type { TableEncoderJSON } from '../data/encoder.ts';
import { readEncoder } from '../data/encoder-json.ts';
import { MinMaxScaler, type ScalerJSON, StandardScaler } from '../data/scale.ts';
import type { Listing } from './listing.ts';
import { checkWidth, type Predicting, tableText } from './module-table.ts';

/** What made the numbers that a network was trained on: fitted, or the JSON of that. */
export type ModuleEncoder =
  | TableEncoderJSON
  | ScalerJSON
  | { readonly toJSON: () => TableEncoderJSON }
  | { readonly toJSON: () => ScalerJSON };

/** The text of `predict`. Throws for an encoder that does not fit the network. */
export function predictText(encoder: ModuleEncoder, listing: Listing, na: readonly string[] | undefined): Predicting {
  const { inputs, outputs } = listing;
  const { toJSON } = Object(encoder) as { readonly toJSON?: unknown };
  const json: unknown = typeof toJSON === 'function' ? toJSON.call(encoder) : encoder;
  const { type, format } = Object(json) as { readonly type?: unknown; readonly format?: unknown };
  const input = inputs[0]!;
  const output = outputs[0]!;
  if (inputs.length !== 1 || outputs.length !== 1 || input.type !== 'float32')
    throw new StateError(
      'toModule',
      'an encoder goes before a network of one input of real numbers and one output. Leave it out, and encode before run()',
    );
  if (format === 'whittle-table-encoder') return tableText(readEncoder(json), input.size, output.size, na);
  if (type === 'StandardScaler') return scalerText(StandardScaler.fromJSON(json).toJSON(), input.size);
  if (type === 'MinMaxScaler') return scalerText(MinMaxScaler.fromJSON(json).toJSON(), input.size);
  const wanted = 'a fitted TableEncoder, StandardScaler or MinMaxScaler, or the JSON of one';
  const remedy = typeof encoder === 'string' ? 'Of a text give JSON.parse(text)' : undefined;
  throw new ValueError('toModule', 'encoder', wanted, encoder, remedy);
}

function scalerText({ center, scale, featureRange }: ScalerJSON, size: number): Predicting {
  checkWidth(center.length, size);
  const [low, high] = featureRange as readonly [number, number];
  return {
    source: [
      `const center = [${[...center].join(', ')}], scale = [${[...scale].join(', ')}];`,
      `// Numbers as they were measured, samples one behind the other.
export function predict(numbers) {
  samplesOf(numbers, ${size}, "predict: the scaler");
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
