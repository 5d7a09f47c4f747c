import { encodeNetwork, type Model, prune, toNetwork } from 'whittle-ml';
import { encodeSafetensors, type SafeTensor } from 'whittle-ml/io';

/** All numbers of a model, as they lie in memory. */
function denseFile(model: Model): Uint8Array {
  const tensors = model.weights.map(({ name, value }): [string, SafeTensor] => [
    name,
    { dtype: 'F32', shape: value.shape, data: Float32Array.from(value.data) },
  ]);
  return encodeSafetensors(new Map(tensors));
}

/** Files of a network before and after its smaller weights are zero, and of what is not zero with its places. */
export function filesOf(model: Model, sparsity: number) {
  const pruned = prune(model, { sparsity });
  return { whole: denseFile(model), zeros: denseFile(pruned), leftOut: encodeNetwork(toNetwork(pruned)) };
}
