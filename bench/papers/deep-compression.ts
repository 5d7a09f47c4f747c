import { pipeline, type Recipe, type Subject } from './compression.ts';
import { caffeLenet5, dense } from './networks.ts';
import type { Paper } from './paper.ts';

const SOURCE =
  'Han, Mao & Dally 2016, "Deep Compression: Compressing Deep Neural Networks with Pruning, Trained Quantization and Huffman Coding", tables 1 to 3. KB are of 1,000 bytes: only so are 1,070 of them 266,610 numbers of 4 bytes, and 1,720 are 431,080. Published bits are those of the whole file for each of the 8 % of the weights that are kept.';

/** As the paper, with nothing but the training images and their labels. */
const ALONE: Recipe = {
  jitter: 0,
  dense: { epochs: 24, rate: 1.5e-3, dropout: [0.2, 0.5, 0.3] },
  prune: { epochs: 24, rate: 1e-3, l2: 1e-4, kept: [0.07], first: 0.5, until: 0.6 },
  share: { epochs: 4, rate: 2e-4, clusters: 9, biases: 'float16' },
};

/** With images that move by a pixel. */
const MOVED: Recipe = {
  jitter: 1,
  dense: { epochs: 24, rate: 1.5e-3, dropout: [0, 0.1] },
  prune: { epochs: 24, rate: 1e-3, l2: 5e-5, kept: [0.07, 0.03], first: 0.5, until: 0.6 },
  share: { epochs: 4, rate: 2e-4, clusters: 9, biases: 'float16' },
};

const LENET_5: Recipe = {
  jitter: 0,
  dense: { epochs: 8, rate: 1e-3, dropout: [0, 0, 0.3, 0.5] },
  prune: { epochs: 8, rate: 1e-3, l2: 3e-5, kept: [0.05], first: 0.5, until: 0.6 },
  share: { epochs: 2, rate: 2e-4, clusters: 9, biases: 'float16' },
};

/** The recipe with few epochs. */
const shortened = <R extends Recipe>(recipe: R, quick: boolean): R =>
  quick
    ? {
        ...recipe,
        dense: { ...recipe.dense, epochs: 3 },
        prune: { ...recipe.prune, epochs: 3 },
        share: { ...recipe.share, epochs: 1 },
      }
    : recipe;

const DIFFERS = [
  'Adam whose rate falls along a cosine, with dropout at first and a penalty on squares from the pruning on; the paper had SGD.',
  'Weights are pruned by magnitude over all layers together, little by little while training goes on (Zhu & Gupta 2017), and trained on for two fifths of that stage; the paper prunes once or in rounds, by a threshold of each layer.',
  'Values and positions are coded by a range coder with models that adapt, the positions row by row; the paper has Huffman codes, and positions as distances of 5 bits.',
  'Biases are of 16 bits.',
];

export function deepCompression300(quick: boolean): Paper {
  const make: Subject['make'] = dense(300, 100);
  const published: Subject['published'] = {
    dense: { error: 0.0164, bytes: 1_070_000 },
    pruned: { kept: { 'dense/kernel': 0.08, 'dense_1/kernel': 0.09, 'dense_2/kernel': 0.26 } },
    coded: { error: 0.0158, bytes: 27_000, bits: (8 * 27_000) / (0.08 * 266_200) },
  };
  const alone = shortened(ALONE, quick);
  const moved = shortened(MOVED, quick);
  return {
    name: 'lenet-300-100',
    title: 'Deep Compression of LeNet-300-100',
    source: SOURCE,
    settings: { alone, moved },
    rows: [
      ...pipeline({ make, recipe: alone, label: '', published }),
      ...pipeline({ make, recipe: moved, label: 'moved images', published: {} }),
    ],
    differs: [
      ...DIFFERS,
      'Epochs, rates, dropout, penalty, share of weights and number of centroids were chosen on 5,000 of the training images that were held out; what is measured was trained on all of them.',
      'The rows of moved images were trained on images that are moved by up to a pixel along each axis, anew each epoch, which the paper does not do.',
    ],
    leftOut: ['Speed and energy.'],
  };
}

export function deepCompression5(quick: boolean): Paper {
  const recipe = shortened(LENET_5, quick);
  const published: Subject['published'] = {
    dense: { error: 0.008, bytes: 1_720_000 },
    pruned: { kept: { 'conv2D/kernel': 0.66, 'conv2D_1/kernel': 0.12, 'dense/kernel': 0.08, 'dense_1/kernel': 0.19 } },
    coded: { error: 0.0074, bytes: 44_000, bits: (8 * 44_000) / (0.08 * 430_500) },
  };
  return {
    name: 'lenet-5',
    title: 'Deep Compression of LeNet-5',
    source: SOURCE,
    settings: { recipe },
    rows: pipeline({ make: caffeLenet5, recipe, label: '', published, cost: 15 }),
    differs: [
      ...DIFFERS,
      'Epochs, rates, dropout, penalty, share of weights and number of centroids were set beforehand, and nothing was tuned.',
    ],
    leftOut: ['Speed and energy.'],
  };
}
