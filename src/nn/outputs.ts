import { checkOneOf, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';

/**
 * What the numbers of a sample stand for: `classes`, one of k (of two by a single number), k independent yes-or-no
 * `labels`, or `numbers`.
 */
export type Coding = 'classes' | 'labels' | 'numbers';

/**
 * What one number says. The boundary between no and yes is 1/2 for `probabilities`, 0 for `logits` (what sigmoid or softmax
 * is applied to) and `margins` (negative means no), and for `reals` half way between the labels, 0 and 1 or -1 and 1.
 */
export type Scale = 'probabilities' | 'logits' | 'margins' | 'reals';

/** How the outputs of a model are meant: what every metric, measurement and verdict goes by. */
export interface Outputs {
  readonly coding: Coding;
  readonly scale: Scale;
}

const CODINGS: readonly Coding[] = ['classes', 'labels', 'numbers'];
const SCALES: readonly Scale[] = ['probabilities', 'logits', 'margins', 'reals'];

/** Throws ValueError for what does not say how outputs are meant. */
export function checkOutputs(op: string, outputs: Outputs): void {
  if (typeof outputs !== 'object' || outputs === null || Array.isArray(outputs))
    throw new ValueError(op, 'outputs', '{ coding, scale }, as outputsOf(model) tells them', outputs);
  checkOptions(op, outputs, 'coding scale');
  checkOneOf(op, 'coding of outputs', outputs.coding, CODINGS);
  checkOneOf(op, 'scale of outputs', outputs.scale, SCALES);
}
