import { channelsFirst, channelsLast, unitsFirst } from './layouts.mjs';
import { constant, model, node, OWN } from './onnx.mjs';

const EPSILON = 1e-3;

/** Attributes of a window, as its convolutions and pools have them. */
const windowOf = ({ size, stride, padding }) => ({
  kernel_shape: [size, size],
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
});

const depthOf = ({ kind, channels }) => (kind === 'depthwise' ? 1 : channels);
const groupsOf = ({ kind, channels }) => (kind === 'depthwise' ? channels : 1);

const kernelShape = (problem) => [problem.units, depthOf(problem), problem.size, problem.size];

/** Images are square, and so are results. */
const sideOf = ({ dy, batch, units }) => Math.sqrt(dy.length / batch / units);

/** On tensors with the channels first, its weights constants; null for what it does not do. */
export function operation(problem, job, tensor) {
  if (problem.gradients || problem.kind === 'batchNorm') return null;
  return problem.int8 === null ? real(problem, job, tensor) : integers(problem, job, tensor);
}

async function real(problem, job, tensor) {
  const { kind, batch, height, width, channels, units, size, weights } = problem;
  const names = weights.map((_, i) => `w${i}`);
  const inputs = ['x', ...names];
  const nodes = {
    conv2d: () => node('Conv', inputs, ['y'], windowOf(problem)),
    depthwise: () => node('Conv', inputs, ['y'], { ...windowOf(problem), group: channels }),
    maxPool: () => node('MaxPool', inputs, ['y'], windowOf(problem)),
    avgPool: () => node('AveragePool', inputs, ['y'], windowOf(problem)),
    batchNormInference: () => node('BatchNormalization', inputs, ['y'], { epsilon: { float: EPSILON } }),
  };
  const constants = weights.map((values, i) =>
    kind === 'batchNormInference'
      ? constant(names[i], [channels], values)
      : constant(names[i], kernelShape(problem), unitsFirst(values, size, depthOf(problem), units)),
  );
  const side = sideOf(problem);
  const shape = [batch, channels, height, width];
  const bytes = model({
    nodes: [nodes[kind]()],
    constants,
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: [{ name: 'y', type: 'float32', shape: [batch, units, side, side] }],
  });
  const x = tensor('float32', channelsFirst(problem.x, [batch, height, width, channels]), shape);
  const made = await job(bytes, () => ({ x }));
  return { ...made, result: async () => channelsLast(await made.result(), [batch, side, side, units]) };
}

/**
 * With the channels last, by the operations that its optimizer puts in the place of those of the standard. Codes are
 * unsigned, as its kernels expect: the same steps, shifted by 128.
 */
async function integers(problem, job, tensor) {
  const { kind, batch, height, width, channels, units, size } = problem;
  const { x, from, kernel, scales, to } = problem.int8;
  const format = (name, { scale, zeroPoint }) => [
    constant(`${name}_s`, [], Float32Array.of(scale)),
    constant(`${name}_z`, [], Uint8Array.of(zeroPoint + 128)),
  ];
  const constants = [...format('x', from), ...format('y', to)];
  const [given, made] = [
    ['x', 'x_s', 'x_z'],
    ['y_s', 'y_z'],
  ];
  const last = { ...windowOf(problem), channels_last: 1 };
  const convolution = () => {
    constants.push(constant('w', kernelShape(problem), unitsFirst(kernel, size, depthOf(problem), units)));
    constants.push(constant('w_s', [units], scales), constant('w_z', [units], new Int8Array(units)));
    const attributes = { ...last, group: groupsOf(problem) };
    return node('QLinearConv', [...given, 'w', 'w_s', 'w_z', ...made], ['y'], attributes, OWN);
  };
  const nodes = {
    conv2d: convolution,
    depthwise: convolution,
    maxPool: () => node('NhwcMaxPool', ['x'], ['y'], windowOf(problem), OWN),
    avgPool: () => node('QLinearAveragePool', [...given, ...made], ['y'], last, OWN),
  };
  const operator = nodes[kind]();
  const shape = [batch, height, width, channels];
  const side = sideOf(problem);
  const bytes = model({
    nodes: [operator],
    constants,
    inputs: [{ name: 'x', type: 'uint8', shape }],
    outputs: [{ name: 'y', type: 'uint8', shape: [batch, side, side, units] }],
  });
  const codes = tensor(
    'uint8',
    Uint8Array.from(x, (q) => q + 128),
    shape,
  );
  const ready = await job(bytes, () => ({ x: codes }));
  return { ...ready, result: async () => Int16Array.from(await ready.result(), (q) => q - 128) };
}
