import { elementsOf } from '../base/shape.ts';
import { macsOf } from '../graph/cost.ts';
import type { Stored } from '../graph/encoding.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { checkForm } from '../graph/form.ts';
import type { Graph, Node } from '../graph/graph.ts';

/** What a network takes for one sample by a model, which is no measurement: nanojoules. */
export interface ModelledEnergy {
  /** Of products and sums. */
  readonly arithmetic: number;
  /** Of values, each written and read once on the chip. */
  readonly values: number;
  /** Of weights, each read once: from memory beside the chip, or from a small one on it. */
  readonly weights: { readonly dram: number; readonly sram: number };
  readonly total: { readonly dram: number; readonly sram: number };
  /** Whose numbers these are. */
  readonly source: string;
}

/** Picojoules of a multiply-add, at 45 nm (Horowitz 2014): a product and a sum. */
const FLOAT_MAC = 3.7 + 0.9;
/** A product of 8 bits and a sum of 32. */
const INTEGER_MAC = 0.2 + 0.1;
/** Picojoules of a byte, of words of 32 bits: from DRAM, and from a small SRAM (Han et al. 2016, table I). */
const DRAM = 640 / 4;
const SRAM = 5 / 4;

const SOURCE =
  'a model, no measurement: Horowitz 2014, at 45 nm, as in Han et al. 2016 (EIE), table I; each multiply-add is done, each weight read once, each value written and read once';

/**
 * The energy of one sample by the numbers of Horowitz 2014 (Computing's energy problem, ISSCC), as Han et al. 2016 (EIE, table I)
 * have them: every multiply-add counts, of
 * integers 0.3 pJ and of floats 4.6, every byte of weights once, from DRAM (160 pJ) or SRAM (1.25), and every byte of a value
 * twice, from SRAM. It is a model: what a machine takes besides, such as control, and zeros that are skipped, are not in it.
 * Bytes of weights are those of their encoding in memory; what sparse ones leave out is not read.
 *
 * @example
 * const forms = [toNetwork(model), quantize(model, { calibration: x })];
 * forms.map((network) => modelledEnergy(network).total.dram.toFixed(1)); // [ '146.2', '74.4' ]
 */
export function modelledEnergy(network: Graph<Stored>): ModelledEnergy {
  checkForm('modelledEnergy', network);
  const values = validateNetwork(network);
  const isInteger = (node: Node): boolean =>
    values.get(node.inputs[0]!)!.format !== null || ('dynamic' in node.attrs && node.attrs.dynamic === true);
  let arithmetic = 0;
  for (const node of network.nodes)
    arithmetic += macsOf(network, node, values) * (isInteger(node) ? INTEGER_MAC : FLOAT_MAC);
  let valueBytes = 0;
  for (const { shape, format } of values.values()) valueBytes += elementsOf(shape) * (format === null ? 4 : 1);
  let weightBytes = 0;
  for (const { encoding } of network.weights.values())
    for (const part of Object.values(encoding)) if (ArrayBuffer.isView(part)) weightBytes += part.byteLength;
  const nano = (picojoules: number): number => picojoules / 1000;
  const base = arithmetic + 2 * valueBytes * SRAM;
  return {
    arithmetic: nano(arithmetic),
    values: nano(2 * valueBytes * SRAM),
    weights: { dram: nano(weightBytes * DRAM), sram: nano(weightBytes * SRAM) },
    total: { dram: nano(base + weightBytes * DRAM), sram: nano(base + weightBytes * SRAM) },
    source: SOURCE,
  };
}
