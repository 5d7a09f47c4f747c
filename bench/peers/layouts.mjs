/** A copy of an array of `shape`, its axes in another order. */
export function permuted(values, shape, axes) {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((n, length) => n * length, 1));
  const [lengths, steps] = [axes.map((axis) => shape[axis]), axes.map((axis) => strides[axis])];
  const y = new values.constructor(values.length);
  const at = lengths.map(() => 0);
  let from = 0;
  for (let i = 0; i < y.length; i++) {
    y[i] = values[from];
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++at[axis] < lengths[axis]) break;
      from -= steps[axis] * lengths[axis];
      at[axis] = 0;
    }
  }
  return y;
}

/** NHWC to NCHW, and back. */
export const channelsFirst = (x, [batch, height, width, channels]) =>
  permuted(x, [batch, height, width, channels], [0, 3, 1, 2]);
export const channelsLast = (y, [batch, height, width, channels]) =>
  permuted(y, [batch, channels, height, width], [0, 2, 3, 1]);

/** HWIO to OIHW. A depthwise kernel [size, size, channels, 1] is [size, size, 1, units] in memory. */
export const unitsFirst = (kernel, size, depth, units) => permuted(kernel, [size, size, depth, units], [3, 2, 0, 1]);

/** The kernel of a dense layer behind an image that was flattened, for images with the channels first. */
const rowsChannelsFirst = (kernel, [height, width, channels], units) =>
  permuted(kernel, [height, width, channels, units], [2, 0, 1, 3]);

/**
 * The layers of a network for images with what each needs, for libraries with the channels first: `weights` are kernel
 * and bias, of the array type given, in their layout.
 */
export function layersChannelsFirst(layers, weights) {
  let used = 0;
  let image = null;
  return layers.map((layer) => {
    const { kind, shape } = layer;
    if (kind === 'flatten') image = shape;
    if (kind !== 'conv2d' && kind !== 'depthwise' && kind !== 'dense') return layer;
    const [kernel, bias] = [weights[used], weights[used + 1]];
    used += 2;
    const units = bias.length;
    if (kind !== 'dense') {
      const depth = kind === 'depthwise' ? 1 : shape[2];
      const groups = kind === 'depthwise' ? units : 1;
      return { ...layer, depth, units, groups, bias, kernel: unitsFirst(kernel, layer.size, depth, units) };
    }
    const ordered = image === null ? kernel : rowsChannelsFirst(kernel, image, units);
    image = null;
    return { ...layer, bias, kernel: ordered };
  });
}
