import { Adam, type Model, type Network, prune, quantize, type Samples } from 'whittle-ml';

/** Four fifths of the weights go, what is left learns on, and becomes int8: zeros stay zeros. */
export function smaller(model: Model, [x, y]: Samples): { readonly pruned: Model; readonly int8: Network } {
  const pruned = prune(model, { sparsity: 0.8 });
  pruned.compile({ optimizer: new Adam({ learningRate: 0.005 }), loss: 'sparseCategoricalCrossentropy' });
  pruned.fit(x, y, { epochs: 20 });
  return { pruned, int8: quantize(pruned, { calibration: x }) };
}
