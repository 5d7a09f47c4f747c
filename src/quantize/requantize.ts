import { defined } from '../base/options.ts';
import type { QuantizedNetwork } from '../compress/quantized.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { Model } from '../nn/model.ts';
import type { LayerFormat } from './formats.ts';
import type { Kept } from './keep.ts';
import { type QuantizeOptions, quantizeKeeping } from './quantize.ts';

/** What `quantize` is told besides formats. */
export type Told = Pick<QuantizeOptions, 'calibration' | 'ranges' | 'rule'>;

const FLOAT32: LayerFormat = { weights: { type: 'float32' }, values: 'real' };

/** A network with its layers, by name, in these formats, in float32 where there is none, and as they are where they are kept. */
export function quantizedIn(
  subject: Model | Graph<Stored>,
  layers: ReadonlyMap<string, readonly Node[]>,
  formats: ReadonlyMap<string, LayerFormat>,
  told: { readonly [K in keyof Told]: Told[K] | undefined },
  kept: Kept | null = null,
): QuantizedNetwork {
  const each = [...layers].flatMap(([name, nodes]) =>
    nodes.map((node) => [node.name, formats.get(name) ?? FLOAT32] as const),
  );
  const options: QuantizeOptions = { ...(defined(told) as Told), format: 'float32', layers: Object.fromEntries(each) };
  return quantizeKeeping(subject, options, kept);
}
