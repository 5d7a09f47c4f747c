import { defined } from '../base/options.ts';
import type { QuantizedNetwork } from '../compress/quantized.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { Model } from '../nn/model.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { LayerFormat } from './formats.ts';
import type { Kept } from './keep.ts';
import { hasFormats } from './layers.ts';
import { type QuantizeOptions, quantizeKeeping } from './quantize.ts';

/** What `quantize` is told besides formats. */
export type Told = Pick<QuantizeOptions, 'calibration' | 'ranges' | 'rule'>;

const FLOAT32: LayerFormat = { weights: { type: 'float32' }, values: 'real' };

/**
 * A network with its layers, by name, in these formats, in float32 where there is none, and as they are where they are kept.
 * Where there are no calibration samples, `xs` are, if formats of values are to be found and no ranges are given.
 */
export function quantizedIn(
  subject: Model | Graph<Stored>,
  layers: ReadonlyMap<string, readonly Node[]>,
  formats: ReadonlyMap<string, LayerFormat>,
  { calibration, ...told }: { readonly [K in keyof Told]: Told[K] | undefined },
  xs: readonly Tensor[],
  kept: Kept | null = null,
): QuantizedNetwork {
  const each = [...layers].flatMap(([name, nodes]) =>
    nodes.map((node) => [node.name, formats.get(name) ?? FLOAT32] as const),
  );
  const isNeeded = each.some(([, format]) => hasFormats(format)) && !(told.ranges instanceof Map);
  const samples = calibration ?? (isNeeded ? xs : undefined);
  const options: QuantizeOptions = {
    ...(defined({ ...told, calibration: samples }) as Told),
    format: 'float32',
    layers: Object.fromEntries(each),
  };
  return quantizeKeeping(subject, options, kept);
}
