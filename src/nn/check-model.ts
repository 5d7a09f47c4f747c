import { ValueError } from '../base/errors.ts';
import { LayerGraph } from './layer-graph.ts';

/** Throws ValueError for what is no model of layers, such as a network in int8, which takes no gradients. */
export function checkModel(op: string, name: string, model: unknown): asserts model is LayerGraph {
  if (!(model instanceof LayerGraph))
    throw new ValueError(
      op,
      name,
      'a model of layers (a network is stored by encodeNetwork and run by compileNetwork)',
      model,
    );
}
