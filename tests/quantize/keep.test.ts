import { expect, test } from 'vitest';
import { networkOf } from '../../src/compress/passes.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { correctBias, type Model, predictNetwork, type QuantizedNetwork, quantize } from '../../src/index.ts';
import { type LayerFormatChoice, layerFormat } from '../../src/quantize/formats.ts';
import { formatIn, layersOf } from '../../src/quantize/layer-formats.ts';
import { plainOf } from '../../src/quantize/plain.ts';
import { quantizedIn } from '../../src/quantize/requantize.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { values } from '../compress/tools.ts';

const nodeIn = ({ nodes }: Graph<Stored>, name: string) => nodes.find((node) => node.name === name);

/** All that a network holds of a layer, and the format of what it reads. */
function heldOf(graph: Graph<Stored>, layer: string): unknown {
  const { inputs, weights } = nodeIn(graph, layer)!;
  const { format = null } = nodeIn(graph, inputs[0]!) ?? {};
  return { format, weights: Object.entries(weights).map(([role, key]) => [role, graph.weights.get(key)]) };
}

/** A network with other formats for one layer, all else kept. */
function withOther(
  model: Model,
  network: QuantizedNetwork,
  layer: string,
  to: LayerFormatChoice,
  told: object,
  isKept = true,
): QuantizedNetwork {
  const layers = layersOf(plainOf('test', networkOf('test', model)));
  const formats = new Map([...layers].map(([name]) => [name, formatIn('test', network, nodeIn(network, name)!)]));
  formats.set(layer, layerFormat('test', 'to', to));
  const none = { calibration: undefined, ranges: undefined, rule: undefined };
  const anew = new Set([layer]);
  return quantizedIn(model, layers, formats, { ...none, ...told }, [], isKept ? { network, anew } : null);
}

const FORMATS: readonly [LayerFormatChoice, 'float32' | 'multiplier'][] = [
  ['int4', 'float32'],
  ['dynamic', 'float32'],
  ['static', 'float32'],
  [{ weights: 'ternary', values: 'static' }, 'multiplier'],
  ['fixed', 'float32'],
];

test.each(Object.keys(FIVE).flatMap((name) => FORMATS.map(([format, rule]) => [name, format, rule] as const)))(
  'what is not made anew stays to the bit: %s in %j by %s',
  (name, format, rule) => {
    const model = trained(name);
    const [calibration] = tenClasses(model, 10);
    const ranges = { name: 'percentile', percent: 95 } as const;
    const network = correctBias(model, quantize(model, { calibration, format, rule, ranges }), { calibration });
    const names = [...layersOf(plainOf('test', networkOf('test', model))).keys()];
    const layer = names[Math.floor(names.length / 2)]!;
    // Ranges are others, and so would formats be
    const told = { calibration, rule, ranges: 'minMax' };
    for (const to of ['float16', 'int8'] as const) {
      const made = withOther(model, network, layer, to, told);
      const kept = names.filter((other) => other !== layer);
      for (const other of kept) expect(heldOf(made, other), other).toEqual(heldOf(network, other));
      expect(heldOf(made, layer)).not.toEqual(heldOf(network, layer));
      expect(values(predictNetwork(made, calibration)).every(Number.isFinite)).toBe(true);
    }
  },
);

test('a layer is made anew where what it reads gets another format', () => {
  const model = trained('MLP');
  const [calibration] = tenClasses(model, 10);
  const network = quantize(model, { calibration, format: { weights: 'int4', values: 'static' } });
  const [first, second, ...others] = [...layersOf(plainOf('test', networkOf('test', model))).keys()];
  const told = { calibration };
  // What the first gives becomes fixed point, in which the second then reads it
  const made = withOther(model, network, first!, 'fixed', told);
  expect(heldOf(made, second!)).not.toEqual(heldOf(network, second!));
  expect(heldOf(made, second!)).toEqual(heldOf(withOther(model, network, first!, 'fixed', told, false), second!));
  for (const other of others) expect(heldOf(made, other)).toEqual(heldOf(network, other));
});
