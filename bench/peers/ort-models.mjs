import { constant, model, node } from './onnx.mjs';

const outputsOf = (batch, units) => [{ name: 'y', type: 'float32', shape: [batch, units] }];
const inputsOf = (batch, inputs) => [{ name: 'x', type: 'float32', shape: [batch, inputs] }];

/** Gemm and Relu for every layer, a softmax at the end. */
export function denseModel(sizes, batch, weights) {
  const nodes = [];
  const constants = [];
  let x = 'x';
  for (let i = 0; i + 1 < sizes.length; i++) {
    const [w, b, z] = [`w${i}`, `b${i}`, `z${i}`];
    constants.push(constant(w, [sizes[i], sizes[i + 1]], weights[2 * i]));
    constants.push(constant(b, [sizes[i + 1]], weights[2 * i + 1]));
    nodes.push(node('Gemm', [x, w, b], [z]));
    if (i + 2 < sizes.length) nodes.push(node('Relu', [z], [`h${i}`]));
    x = i + 2 < sizes.length ? `h${i}` : z;
  }
  nodes.push(node('Softmax', [x], ['y'], { axis: 1 }));
  return model({ nodes, constants, inputs: inputsOf(batch, sizes[0]), outputs: outputsOf(batch, sizes.at(-1)) });
}

function denseParts({ weights }, { inputs: [x], weights: keys }, formats) {
  const { shape, encoding } = weights.get(keys.kernel);
  const bias = weights.get(keys.bias).encoding.values;
  const parts = { weights: encoding.values, weightScales: encoding.scales, bias, input: formats.get(x) };
  return { ...parts, inputs: shape[0], units: shape[1] };
}

/**
 * A quantized network in QDQ form, which ONNX Runtime turns into integer products: every activation goes through
 * QuantizeLinear and DequantizeLinear, and every weight comes out of a DequantizeLinear with a scale a column.
 *
 * @param {import('whittle-ml/infer').Network} network
 */
export function quantizedModel(network, batch) {
  const formats = new Map(network.nodes.map(({ name, format }) => [name, format]));
  const layers = network.nodes.filter(({ op }) => op === 'dense').map((dense) => denseParts(network, dense, formats));
  const nodes = [];
  const constants = [];
  let x = 'x';
  layers.forEach(({ inputs, units, weights, weightScales, bias, input }, i) => {
    const name = (part) => `${part}${i}`;
    // Unsigned, as its kernels for x86 and WebAssembly expect: the same steps, shifted by 128.
    constants.push(constant(name('s'), [], Float32Array.of(input.scale)));
    constants.push(constant(name('z'), [], Uint8Array.of(input.zeroPoint + 128)));
    constants.push(constant(name('wq'), [inputs, units], weights));
    constants.push(constant(name('ws'), [units], weightScales));
    constants.push(constant(name('wz'), [units], new Int8Array(units)));
    constants.push(constant(name('bq'), [units], bias));
    constants.push(
      constant(
        name('bs'),
        [units],
        weightScales.map((scale) => scale * input.scale),
      ),
    );
    constants.push(constant(name('bz'), [units], new Int32Array(units)));
    nodes.push(node('QuantizeLinear', [x, name('s'), name('z')], [name('q')]));
    nodes.push(node('DequantizeLinear', [name('q'), name('s'), name('z')], [name('x')]));
    nodes.push(node('DequantizeLinear', [name('wq'), name('ws'), name('wz')], [name('w')], { axis: 1 }));
    nodes.push(node('DequantizeLinear', [name('bq'), name('bs'), name('bz')], [name('b')], { axis: 0 }));
    nodes.push(node('Gemm', [name('x'), name('w'), name('b')], [name('y')]));
    const hidden = i + 1 < layers.length;
    if (hidden) nodes.push(node('Relu', [name('y')], [name('h')]));
    x = hidden ? name('h') : name('y');
  });
  nodes.push(node('Softmax', [x], ['y'], { axis: 1 }));
  const [inputs, outputs] = [inputsOf(batch, layers[0].inputs), outputsOf(batch, layers.at(-1).units)];
  return model({ nodes, constants, inputs, outputs });
}
