import { channelsFirst, layersChannelsFirst } from './layouts.mjs';
import { constant, model, node } from './onnx.mjs';

/** The nodes of a layer as ONNX has it, relu included, from `x` to `y`, with kernel `w` and bias `b`. */
function nodesOf({ kind, size, stride = 1, groups }, { x, w, b, y }, isLast) {
  const window = { kernel_shape: [size, size] };
  const relu = (operation, attributes) => [
    node(operation, [x, w, b], [isLast ? y : `${y}_sums`], attributes),
    ...(isLast ? [] : [node('Relu', [`${y}_sums`], [y])]),
  ];
  switch (kind) {
    case 'conv2d':
    case 'depthwise':
      return relu('Conv', { ...window, strides: [stride, stride], group: groups });
    case 'maxPool':
      return [node('MaxPool', [x], [y], { ...window, strides: [size, size] })];
    case 'globalAverage': // [batch, channels, 1, 1]: what follows flattens it
      return [node('GlobalAveragePool', [x], [y])];
    case 'flatten':
      return [node('Flatten', [x], [y])];
    default:
      return relu('Gemm', {});
  }
}

/** A mean of each channel has its axes of length 1 still: a flatten takes them away. */
const withFlattens = (layers) =>
  layers.flatMap((layer) =>
    layer.kind === 'globalAverage' ? [layer, { kind: 'flatten', from: layer.to, to: layer.to }] : [layer],
  );

const shapesOf = ({ kind, shape, size, depth, units }) =>
  kind === 'dense' ? [[shape[0], units], [units]] : [[units, depth, size, size], [units]];

const modelOf = ({ layers, batch }, nodes, constants) => {
  const [height, width, channels] = layers[0].shape;
  return model({
    nodes,
    constants,
    inputs: [{ name: 'x', type: 'float32', shape: [batch, channels, height, width] }],
    outputs: [{ name: 'y', type: 'float32', shape: [batch, layers.at(-1).units] }],
  });
};

function realModel(problem) {
  const layers = withFlattens(layersChannelsFirst(problem.layers, problem.weights));
  const nodes = [];
  const constants = [];
  layers.forEach((layer, i) => {
    const names = { x: i === 0 ? 'x' : `h${i}`, w: `w${i}`, b: `b${i}`, y: `h${i + 1}` };
    if (layer.kernel !== undefined) {
      const [kernel, bias] = shapesOf(layer);
      constants.push(constant(names.w, kernel, layer.kernel), constant(names.b, bias, layer.bias));
    }
    nodes.push(...nodesOf(layer, names, i + 1 === layers.length));
  });
  nodes.push(node('Softmax', [`h${layers.length}`], ['y'], { axis: 1 }));
  return modelOf(problem, nodes, constants);
}

/**
 * In QDQ form, which ONNX Runtime turns into operations of integers: each value goes through QuantizeLinear and
 * DequantizeLinear, and each weight comes out of a DequantizeLinear with a scale for each unit. Activations are unsigned,
 * as its kernels for x86 and WebAssembly expect: the same steps, shifted by 128.
 */
function integerModel(problem) {
  const { formats, weights } = problem.int8;
  const arrays = weights.flatMap(({ kernel, bias }) => [kernel, bias]);
  const formatted = problem.layers.map((layer, i) => ({ ...layer, from: formats[i], to: formats[i + 1] }));
  const layers = withFlattens(layersChannelsFirst(formatted, arrays));
  const nodes = [];
  const constants = [];
  let used = 0;
  const quantized = (from, name, { scale, zeroPoint }) => {
    constants.push(constant(`${name}_s`, [], Float32Array.of(scale)));
    constants.push(constant(`${name}_z`, [], Uint8Array.of(zeroPoint + 128)));
    nodes.push(node('QuantizeLinear', [from, `${name}_s`, `${name}_z`], [`${name}_q`]));
    nodes.push(node('DequantizeLinear', [`${name}_q`, `${name}_s`, `${name}_z`], [name]));
  };
  const constantFrom = (name, shape, values, scales, axis) => {
    constants.push(constant(`${name}_q`, shape, values), constant(`${name}_s`, [scales.length], scales));
    constants.push(constant(`${name}_z`, [scales.length], new values.constructor(scales.length)));
    nodes.push(node('DequantizeLinear', [`${name}_q`, `${name}_s`, `${name}_z`], [name], { axis }));
  };
  quantized('x', 'v0', formats[0]);
  layers.forEach((layer, i) => {
    const isLast = i + 1 === layers.length;
    const names = { x: `v${i}`, w: `w${i}`, b: `b${i}`, y: isLast ? 'z' : `y${i}` };
    if (layer.kernel !== undefined) {
      const { scales } = weights[used++];
      const [kernel, bias] = shapesOf(layer);
      constantFrom(names.w, kernel, layer.kernel, scales, layer.kind === 'dense' ? 1 : 0);
      constantFrom(
        names.b,
        bias,
        layer.bias,
        scales.map((scale) => scale * layer.from.scale),
        0,
      );
    }
    nodes.push(...nodesOf(layer, names, isLast));
    if (!isLast) quantized(names.y, `v${i + 1}`, layer.to);
  });
  nodes.push(node('Softmax', ['z'], ['y'], { axis: 1 }));
  return modelOf(problem, nodes, constants);
}

/** From an array to an array, the images with their channels first beforehand. */
export function inferImages(problem, job, tensor) {
  const { layers, batch, x, int8 } = problem;
  const [height, width, channels] = layers[0].shape;
  const images = channelsFirst(x, [batch, height, width, channels]);
  const shape = [batch, channels, height, width];
  return job(int8 === null ? realModel(problem) : integerModel(problem), () => ({
    x: tensor('float32', images, shape),
  }));
}
