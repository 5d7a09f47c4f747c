import { convert, encodeNetwork, type Model, prepareQAT, type Samples, saveModel } from 'whittle-ml';

/** Trains a network as if it were int8, and then makes it int8: the networks, and their files. */
export function trainedForInt8(model: Model, [x, y]: Samples, epochs: number) {
  const prepared = prepareQAT(model, { calibration: x }); // computes rounded numbers, in float32
  prepared.fit(x, y, { epochs });
  const network = convert(prepared); // holds integers, and computes with them
  const files = {
    real: saveModel(model, { weightsOnly: true }),
    prepared: saveModel(prepared, { weightsOnly: true }),
    int8: encodeNetwork(network),
  };
  return { prepared, network, files };
}
