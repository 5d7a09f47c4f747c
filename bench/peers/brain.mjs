import brain from 'brain.js';

/** @returns {import('../peer.ts').Peer} */
export const open = () => ({ train, infer });

/** A network of brain.js whose layers all have the same activation, the last one as well. */
function networkOf({ sizes, weights }, activation) {
  const [inputSize, outputSize] = [sizes[0], sizes.at(-1)];
  const network = new brain.NeuralNetwork({ inputSize, hiddenLayers: sizes.slice(1, -1), outputSize, activation });
  network.initialize();
  for (let layer = 1; layer < sizes.length; layer++) {
    const [kernel, bias] = [weights[2 * layer - 2], weights[2 * layer - 1]];
    const [inputs, units] = [sizes[layer - 1], sizes[layer]];
    for (let j = 0; j < units; j++) {
      network.weights[layer][j] = Float32Array.from({ length: inputs }, (_, p) => kernel[p * units + j]);
      network.biases[layer][j] = bias[j];
    }
  }
  return network;
}

const rowsOf = (values, rows) => {
  const length = values.length / rows;
  return Array.from({ length: rows }, (_, i) => values.slice(i * length, (i + 1) * length));
};

/** The same forward pass in float64, by the weights that the network has now. */
function exact(network, x, f) {
  let y = Array.from(x);
  for (let layer = 1; layer <= network.outputLayer; layer++) {
    const [weights, biases] = [network.weights[layer], network.biases[layer]];
    y = Array.from(biases, (bias, j) => f(y.reduce((sum, value, p) => sum + value * weights[j][p], bias)));
  }
  return y;
}

function checkForward(network, x, f) {
  const expected = exact(network, x, f);
  network.run(x).forEach((got, j) => {
    if (Math.abs(got - expected[j]) <= 1e-4 * Math.max(1, Math.abs(expected[j]))) return;
    throw new Error(`output ${j} is ${got}, should be near ${expected[j]}`);
  });
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** A sweep over the batch by `train`: brain.js knows no batches. */
function train(problem) {
  const { batch, x, y, steps } = problem;
  // Plain arrays: it takes typed ones for hashes.
  const [inputs, outputs] = [x, y.map(sigmoid)].map((values) => rowsOf(Array.from(values), batch));
  const data = inputs.map((input, i) => ({ input, output: outputs[i] }));
  const options = { iterations: 1, errorThresh: 1e-12, praxis: 'adam', learningRate: 0.001, log: false };
  let network;
  const reset = () => {
    network = networkOf(problem, 'sigmoid');
  };
  const sweep = () => network.train(data, options).error;
  reset();
  return {
    note: 'sigmoid units, squared errors, weights changed after every sample of the batch, no dropout; its check is its own',
    reset,
    run: sweep,
    result: () => [],
    check: () => {
      reset();
      const before = error(network, data);
      for (let i = 0; i < steps; i++) sweep();
      checkForward(network, inputs[0], sigmoid);
      if (!(error(network, data) < before)) throw new Error(`${steps} sweeps do not make the error smaller`);
    },
  };
}

const error = (network, data) =>
  data.reduce((sum, { input, output }) => {
    const got = network.run(input);
    return sum + output.reduce((part, target, j) => part + (target - got[j]) ** 2, 0);
  }, 0);

/** Sample by sample by `run`. */
function infer({ int8, ...problem }) {
  if (int8 !== null) return null;
  const { batch, x } = problem;
  const network = networkOf(problem, 'relu');
  const inputs = rowsOf(x, batch);
  return {
    note: 'relu after the last layer in place of softmax, sample by sample; its check is its own',
    run: () => inputs.reduce((sum, input) => sum + network.run(input)[0], 0),
    result: () => [],
    check: () => checkForward(network, inputs[0], (value) => Math.max(0, value)),
  };
}
