import { ValueError } from '../base/errors.ts';
import { ACTIVATION_FACTS, type ActivationName } from '../graph/activation.ts';
import { activationIn } from '../graph/graph.ts';
import { makerOf } from '../graph/rewrite.ts';
import { checkModel } from './check-model.ts';
import type { LayerGraph } from './layer-graph.ts';
import type { Loss } from './losses.ts';
import type { Objective } from './objective.ts';
import type { Outputs } from './outputs.ts';

/** What an activation gives: probabilities, numbers above 0, numbers of at least 0, or any. */
type Range = 'probabilities' | 'positive' | 'at least 0' | 'any';

interface HeadFacts {
  /** How outputs are meant of which no loss says more. */
  readonly outputs: Outputs;
  readonly range: Range;
}

const NUMBERS: Outputs = { coding: 'numbers', scale: 'reals' };
const CHANCES: Outputs = { coding: 'classes', scale: 'probabilities' };
const any: HeadFacts = { outputs: NUMBERS, range: 'any' };

/** One row an activation. */
const HEADS: { readonly [A in ActivationName]: HeadFacts } = {
  linear: any,
  relu: { outputs: NUMBERS, range: 'at least 0' },
  relu6: { outputs: NUMBERS, range: 'at least 0' },
  leakyRelu: any,
  elu: any,
  gelu: any,
  geluTanh: any,
  sigmoid: { outputs: CHANCES, range: 'probabilities' },
  tanh: any,
  softplus: { outputs: NUMBERS, range: 'positive' },
  silu: any,
  hardSwish: any,
  exponential: { outputs: NUMBERS, range: 'positive' },
  softmax: { outputs: CHANCES, range: 'probabilities' },
  logSoftmax: { outputs: { coding: 'classes', scale: 'logits' }, range: 'any' }, // softmax gives the probabilities again
};

/** How `width` outputs are meant by their last activation and by the loss that they were trained for, if there is one. */
export function meant(loss: Loss | null, activation: ActivationName, width: number): Outputs {
  const { coding, scale } = loss?.outputs ?? HEADS[activation].outputs;
  if (coding !== 'labels') return { coding, scale };
  return { coding: width === 1 || !ACTIVATION_FACTS[activation].isElementwise ? 'classes' : coding, scale };
}

/**
 * How an output of a built model is meant, by its loss and last activation. A sigmoid of several units means labels after
 * binaryCrossentropy, and classes after other losses or none.
 *
 * @example
 * outputsOf(model); // { coding: 'classes', scale: 'probabilities' }
 * confusionMatrix(yTest, model.predict(xTest), 2, outputsOf(model)); // [ [ 100, 0 ], [ 0, 100 ] ]
 */
export function outputsOf(
  model: LayerGraph & { readonly isCompiled: boolean; readonly objectives: readonly Objective[] },
  output = 0,
): Outputs {
  checkModel('outputsOf', 'the model', model);
  const loss = model.isCompiled ? model.objectives[output]!.loss : null;
  return meant(loss, model.outputActivation(false, output).name, model.outputShapes[output]!.at(-1) ?? 1);
}

/** Throws ValueError for a head that cannot learn what its loss asks for, with the remedy. */
export function checkHead(op: string, model: LayerGraph, output: number, { name: loss, outputs, options }: Loss): void {
  const { graph } = model;
  let maker = makerOf(graph, graph.outputs[output]!, false);
  while (maker?.op === 'flatten') maker = makerOf(graph, maker.inputs[0]!, false);
  const activation = maker === null ? null : activationIn(maker);
  if (activation === null) return; // an input, or what several values or code of the user's own give
  const { name } = activation;
  const width = model.outputShapes[output]!.at(-1) ?? 1;
  const refuse = (remedy: string): never => {
    const fact = `${width === 1 ? 'one output' : `${width} outputs`} of ${name}`;
    throw new ValueError(op, `what ${loss} is given`, `something that can learn: ${remedy}`, fact);
  };
  if (name === 'softmax' && width === 1)
    refuse('a softmax of one number is always 1; use sigmoid with binaryCrossentropy, or 2 units');
  if (outputs === undefined) return;
  const { coding, scale } = outputs;
  const { range } = HEADS[name];
  const isCategorical = loss === 'categoricalCrossentropy' || loss === 'sparseCategoricalCrossentropy';
  if (width === 1 && (isCategorical || loss === 'klDivergence'))
    refuse('one class alone is always right; give each class a unit, or use binaryCrossentropy after sigmoid');
  const isFit = range === 'probabilities' || (isCategorical && range === 'positive'); // rows are divided by their sums
  if (scale === 'probabilities' && !isFit) {
    const end = `these are no probabilities; end in ${coding === 'classes' && width > 1 ? 'softmax' : 'sigmoid'}`;
    refuse(options?.fromLogits === undefined ? end : `${end}, or use ${loss}({ fromLogits: true })`);
  }
  if (scale === 'logits' && range === 'probabilities')
    refuse(`logits can be any number; leave out ${name}, or fromLogits`);
  if (scale === 'margins' && range !== 'any') refuse('margins are negative for no; end in no activation, or in tanh');
}
