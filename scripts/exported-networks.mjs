// The networks whose exported forms are held to one digest each: in npm test on every machine that C is built for, in
// module-engines.mjs there and on every JavaScript engine.

/** So many inputs a digest is of. */
export const SAMPLES = 1000;

/** The network of the article, and the one that a sensor has. */
export const ARTICLE = [100, 64, 64, 10];
export const SENSOR = [13, 64, 32, 16, 1];

/** Networks made by a copy of the library, which may be the sources or what was built of them. */
export function networksBy({
  Add,
  AvgPool2D,
  Conv2D,
  Dense,
  Flatten,
  GlobalAvgPool2D,
  input,
  MaxPool2D,
  Model,
  mobileNetV2,
  prune,
  quantize,
  Random,
  Sequential,
  shareWeights,
  toNetwork,
}) {
  /** Biases other than 0, as training leaves them. */
  const stirred = (model) => {
    for (const { value } of model.weights)
      value.data.forEach((x, i, data) => {
        data[i] = x + 0.05 * Math.sin(i + 1) * (x === 0 ? 1 : 0);
      });
    return model;
  };
  const perceptron = (widths) =>
    stirred(
      new Sequential(
        widths.slice(1).map((units, i) => {
          const activation = i < widths.length - 2 ? 'relu' : 'linear';
          return new Dense(units, { activation, ...(i === 0 ? { inputShape: [widths[0]] } : {}) });
        }),
        { seed: 4 },
      ),
    );
  const convolutional = (size, last = 'linear') =>
    stirred(
      new Sequential(
        [
          new Conv2D(4, 3, { activation: 'relu', inputShape: [size, size, 1] }),
          new MaxPool2D(),
          new Conv2D(6, 3, { padding: 'same', activation: 'relu6' }),
          new Flatten(),
          new Dense(5, { activation: last }),
        ],
        { seed: 2 },
      ),
    );
  const mobile = () =>
    stirred(
      mobileNetV2({ inputShape: [8, 8, 3], classes: 3, width: 0.25, stemStride: 1, blocks: 4, features: 16, seed: 1 }),
    );
  const inInt8 = (model, rule = 'float32') => {
    const { shape } = toNetwork(model).inputs[0];
    return quantize(model, { calibration: new Random(8, 'exported').normal([64, ...shape], 0, 2), rule });
  };
  const residual = () => {
    const x = input([6, 6, 2]);
    const first = new Conv2D(4, 3, { activation: 'relu', padding: 'same' }).apply(x);
    const sum = new Add().apply([first, new Conv2D(4, 3, { padding: 'same' }).apply(first)]);
    return stirred(new Model([x], [new Dense(3).apply(new GlobalAvgPool2D().apply(new AvgPool2D().apply(sum)))]));
  };
  /** With the rules that files of TensorFlow Lite bring: a rule for products and sums, and means of the codes themselves. */
  const ruled = ({ nodes, ...graph }, rule) => {
    const formats = new Map();
    const rules = nodes.map((node) => {
      const isMean = node.attrs.kind === 'average';
      const format = isMean ? formats.get(node.inputs[0]) : node.format;
      formats.set(node.name, format);
      if (isMean) return { ...node, attrs: { ...node.attrs, rule: 'multiplier' }, format };
      const isRuled = format !== null && ['add', 'conv', 'dense'].includes(node.op);
      return isRuled ? { ...node, attrs: { ...node.attrs, rule } } : node;
    });
    return { ...graph, nodes: rules };
  };
  const shared = (model) => shareWeights(prune(model, { sparsity: 0.8 }), { clusters: 16 });

  const networks = [
    { name: 'mlp', make: () => inInt8(perceptron(ARTICLE)) },
    { name: 'mlp_shared', make: () => inInt8(shared(perceptron(ARTICLE))) },
    { name: 'cnn', make: () => inInt8(convolutional(12, 'softmax')) },
    { name: 'mobile', make: () => inInt8(mobile()) },
    { name: 'mobile_real', make: () => toNetwork(mobile()) },
    // What an AVR has the time and the memory for
    { name: 'sensor', isSmall: true, make: () => inInt8(perceptron(SENSOR)) },
    { name: 'whole', isSmall: true, make: () => inInt8(perceptron([13, 12, 8, 3]), 'multiplier') },
    { name: 'small_cnn', isSmall: true, make: () => inInt8(convolutional(6), 'multiplier') },
    { name: 'tflite', isSmall: true, make: () => ruled(inInt8(residual()), 'multiplier') },
    { name: 'xnnpack', isSmall: true, make: () => ruled(inInt8(residual()), 'xnnpack') },
    { name: 'real', isSmall: true, make: () => toNetwork(perceptron([8, 12, 4])) },
  ];
  return { networks, perceptron, inInt8, shared };
}
