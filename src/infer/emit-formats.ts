import { ACTIVATION_FACTS } from '../graph/activation.ts';
import { leavesAll } from '../graph/fact.ts';
import { toBytes, toReal } from './emit-integers.ts';
import { MOVES } from './emit-moves.ts';
import { activating, type Place, type Site } from './site.ts';

/** The steps of operations that have an int8 form by way of real numbers. */

type Between = 'activation' | 'batchNorm' | 'layerNorm';

/** A row of real numbers, and of int8 what a dequantize before and a quantize behind it would make of it. */
export const throughReals =
  <K extends Between>(row: (site: Site<K>) => void) =>
  (site: Site<K>): void => {
    const {
      inputs: [x],
      output: y,
      scratch,
      step,
    } = site;
    if (y.format === null) {
      row(site);
      return;
    }
    const from = scratch('float32', x.size, 0);
    const to = scratch('float32', y.size, 1);
    step((k, samples) => toReal(k, samples, x, from));
    row({ ...site, inputs: [{ ...x, format: null, real: from }], output: { ...y, format: null, real: to } });
    step((k, samples) => toBytes(k, samples * y.size, to, y, y.bytes));
  };

/** A table of what the real numbers of all 256 integers become. */
function lookedUp({ node, inputs: [x], output: y, packed, step }: Site<'activation'>): void {
  const { scale, zeroPoint } = x.format!;
  const table = packed(`${node.name} table`, 'int8', 256, (k, to) => {
    const real: Place<'float32'> = { array: new Float32Array(256) };
    const all = Int8Array.from({ length: 256 }, (_, i) => i - 128);
    k.dequantize(256, all, scale, zeroPoint, real.array);
    activating(node.attrs.activation, [256], real, real)(k, 1);
    toBytes(k, 256, real, y, { array: to });
  });
  step((k, samples) => k.lookUp(samples * x.size, x.bytes.array, table.array, y.bytes.array));
}

const rows = throughReals(MOVES.activation);

/** An activation, of int8 number by number by a table. */
export function activation(site: Site<'activation'>): void {
  const {
    node: { attrs },
    inputs: [x],
    output: y,
  } = site;
  const isReal = y.format === null || leavesAll(attrs.activation, x.format, y.format);
  const row = isReal ? MOVES.activation : ACTIVATION_FACTS[attrs.activation.name].isElementwise ? lookedUp : rows;
  row(site);
}
