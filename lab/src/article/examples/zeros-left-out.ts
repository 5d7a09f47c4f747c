import { encodeNetwork, type Model, makePermanent, prune, toNetwork } from 'whittle-ml';

/** Files of a network whose smaller weights were set to zero: one that holds the zeros, and one that leaves them out. */
export function filesOf(model: Model, sparsity: number) {
  const pruned = prune(model, { sparsity }); // knows which weights went
  const zeroed = makePermanent(pruned); // holds zeros, which are numbers like any other
  return { zeros: encodeNetwork(toNetwork(zeroed)), leftOut: encodeNetwork(toNetwork(pruned)) };
}
