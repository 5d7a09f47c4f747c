import {
  add,
  clip,
  dequantize,
  fromNetwork,
  grad,
  mul,
  type Network,
  oneHot,
  type Samples,
  sign,
  softmaxCrossEntropy,
  sum,
  type Tensor,
} from 'whittle-ml';

/** One step of every pixel, by `size` up or down, that makes a network in int8 most wrong to first order. */
export function adversarial(network: Network, [x, y]: Samples, size: number): Tensor {
  const model = fromNetwork(dequantize(network)); // what the integers stand for has gradients
  const [slope] = grad(() => sum(softmaxCrossEntropy(model.forward(x, { logits: true }), oneHot(y, 10))), [x]);
  return clip(add(x, mul(sign(slope!), size)), 0, 1);
}
