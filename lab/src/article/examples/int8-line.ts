import { Dense, predictNetwork, quantize, Sequential, SGD, type Tensor } from 'whittle-ml';

/** A line that is learned, then held in int8: every number is a whole one times a scale. Its answers, before and after. */
export function int8Line(
  x: Tensor,
  y: Tensor,
  seed: number,
): { readonly real: Tensor; readonly int8: Tensor; readonly bias: number } {
  const line = new Dense(1, { name: 'line', inputShape: [1] });
  const model = new Sequential([line], { seed });
  model.compile({ optimizer: new SGD({ learningRate: 0.5 }), loss: 'mse' });
  model.fit(x, y, { epochs: 500, batchSize: x.shape[0]! });

  const network = quantize(model, { calibration: x });
  return { real: model.predict(x), int8: predictNetwork(network, x), bias: line.parameter('bias').value.data[0]! };
}
