import { normal, oneHot } from './data.ts';

/** A layer: what is convolved or dense has relu behind it, and the last one a softmax; windows stay inside of the image. */
export type ImageLayer =
  | { readonly kind: 'conv2d'; readonly size: number; readonly units: number }
  | { readonly kind: 'depthwise'; readonly size: number; readonly stride: number }
  | { readonly kind: 'maxPool'; readonly size: number }
  | { readonly kind: 'globalAverage' }
  | { readonly kind: 'flatten' }
  | { readonly kind: 'dropout'; readonly rate: number }
  | { readonly kind: 'dense'; readonly units: number };

/** A network for images and a batch that it is trained on, by cross-entropy. */
export interface ImageTask {
  readonly name: string;
  /** [height, width, channels] of an image. */
  readonly shape: readonly [number, number, number];
  readonly layers: readonly ImageLayer[];
  readonly batch: number;
  /** The rate of its dropout; 0 for none. */
  readonly dropout: number;
}

export const CLASSES = 10;

export const imageTasks: readonly ImageTask[] = [
  {
    name: 'CNN',
    shape: [28, 28, 1],
    layers: [
      { kind: 'conv2d', size: 3, units: 32 },
      { kind: 'maxPool', size: 2 },
      { kind: 'flatten' },
      { kind: 'dense', units: 128 },
      { kind: 'dropout', rate: 0.5 },
      { kind: 'dense', units: CLASSES },
    ],
    batch: 32,
    dropout: 0.5,
  },
  {
    name: 'MobileNet-style',
    shape: [28, 28, 1],
    layers: [
      { kind: 'conv2d', size: 3, units: 8 },
      { kind: 'depthwise', size: 3, stride: 2 },
      { kind: 'conv2d', size: 1, units: 16 },
      { kind: 'globalAverage' },
      { kind: 'dense', units: CLASSES },
    ],
    batch: 32,
    dropout: 0,
  },
];

/** What a layer gets and gives: [height, width, channels] of an image, or [features]. */
export function nextShape(layer: ImageLayer, shape: readonly number[]): readonly number[] {
  const [height, width, channels] = shape as [number, number, number];
  const over = (size: number, stride: number, units: number): number[] => [
    Math.floor((height - size) / stride) + 1,
    Math.floor((width - size) / stride) + 1,
    units,
  ];
  switch (layer.kind) {
    case 'conv2d':
      return over(layer.size, 1, layer.units);
    case 'depthwise':
      return over(layer.size, layer.stride, channels);
    case 'maxPool':
      return over(layer.size, layer.size, channels);
    case 'globalAverage':
      return [channels];
    case 'flatten':
      return [height * width * channels];
    case 'dropout':
      return shape;
    case 'dense':
      return [layer.units];
  }
}

/** Shapes of the weights of a layer, as Keras has them: kernel, bias. */
function weightShapes(layer: ImageLayer, shape: readonly number[]): number[][] {
  const last = shape.at(-1)!;
  if (layer.kind === 'conv2d') return [[layer.size, layer.size, last, layer.units], [layer.units]];
  if (layer.kind === 'depthwise') return [[layer.size, layer.size, last, 1], [last]];
  return layer.kind === 'dense' ? [[last, layer.units], [layer.units]] : [];
}

/** Every layer with the shape that it gets. */
export function placed({ layers, shape }: ImageTask): { layer: ImageLayer; shape: readonly number[] }[] {
  let at: readonly number[] = shape;
  return layers.map((layer) => {
    const before = at;
    at = nextShape(layer, before);
    return { layer, shape: before };
  });
}

export const shapesOfWeights = (task: ImageTask): number[][] =>
  placed(task).flatMap(({ layer, shape }) => weightShapes(layer, shape));

const product = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

/**
 * Normal numbers times √(2/(fanIn + fanOut)) as of Glorot & Bengio 2010, biases 0: losses begin at log 10 and stay near it for
 * the steps that are compared, whatever dropout leaves out.
 */
export function firstWeights(task: ImageTask): Float32Array[] {
  return shapesOfWeights(task).map((shape, i) => {
    if (shape.length === 1) return new Float32Array(shape[0]!);
    const taps = product(shape.slice(0, -2));
    const scale = Math.sqrt(2 / (taps * (shape.at(-2)! + shape.at(-1)!)));
    return normal(product(shape), 10 + i).map((x) => x * scale);
  });
}

/** Images of numbers from 0 to 1, and one-hot rows. */
export const imagesOf = ({ shape, batch }: ImageTask): [x: Float32Array, y: Float32Array] => [
  normal(batch * product(shape), 1).map((x) => Math.min(Math.abs(x) / 3, 1)),
  oneHot(batch, CLASSES),
];
