import * as tf from '@tensorflow/tfjs-core';

const activation = 'relu';

/** A layer by the operation that has bias and relu in it, where there is one. */
const LAYERS = {
  conv2d: (x, _, [filter, bias]) => tf.fused.conv2d({ x, filter, strides: 1, pad: 'valid', bias, activation }),
  depthwise: (x, { stride }, [filter, bias]) =>
    tf.fused.depthwiseConv2d({ x, filter, strides: stride, pad: 'valid', bias, activation }),
  maxPool: (x, { size }) => tf.maxPool(x, size, size, 'valid'),
  globalAverage: (x) => tf.mean(x, [1, 2]),
  flatten: (x) => tf.reshape(x, [x.shape[0], -1]),
  dense: (a, { isLast }, [b, bias]) =>
    tf.fused.matMul({ a, b, bias, ...(isLast ? {} : { activation }), transposeA: false, transposeB: false }),
};

/** From an array of images to an array of probabilities. */
export function inferImages({ layers, batch, weights, shapes, x, int8 }, choose) {
  if (int8 !== null) return null;
  const tensors = weights.map((values, i) => tf.tensor(values, shapes[i]));
  const { shape } = layers[0];
  const hasWeights = ({ kind }) => kind === 'conv2d' || kind === 'depthwise' || kind === 'dense';
  const steps = layers.map((layer, i) => {
    const used = 2 * layers.slice(0, i).filter(hasWeights).length;
    return [{ ...layer, isLast: i + 1 === layers.length }, tensors.slice(used, used + 2)];
  });
  const predict = () =>
    tf.tidy(() => {
      let y = tf.tensor(x, [batch, ...shape]);
      for (const [layer, own] of steps) y = LAYERS[layer.kind](y, layer, own);
      return tf.softmax(y).dataSync();
    });
  return {
    reset: choose,
    run: () => predict()[0],
    result: async () => {
      await choose();
      return predict();
    },
    close: () => tf.dispose(tensors),
  };
}
