import type { CriterionName, LightName } from './types-compared.ts';
import type { FitName, FormName } from './types-forms.ts';

export interface Explanation {
  /** What it is, in one or two sentences. */
  readonly what: string;
  /** Where to read on: author, year, title, section. */
  readonly source: string;
}

const BOOK = 'Goodfellow, Bengio & Courville 2016, Deep Learning';
const PANELS = 'Elsen, Dukhan, Gale & Simonyan 2020, Fast Sparse ConvNets, on blocks of output channels';
const HINTON = 'Hinton, Vinyals & Dean 2015, Distilling the Knowledge in a Neural Network';

/** What each fit shows, and what each remedy is. */
export const FITS: { readonly [N in FitName]: Explanation } = {
  underfit: {
    what: 'A network too small, trained too briefly: it is poor even on the samples it learned from.',
    source: `${BOOK}, section 5.2`,
  },
  overfit: {
    what: 'A network with room to learn its few samples by heart, and nothing that holds it back: the starting point of every remedy.',
    source: `${BOOK}, section 5.2`,
  },
  'more data': {
    what: 'The same network learns from all training samples: what many of them share pays more than what one has alone.',
    source: `${BOOK}, section 11.3`,
  },
  L1: {
    what: 'Every weight costs its absolute value, so a weight stays only where it pays; many end near zero.',
    source: 'Tibshirani 1996, Regression Shrinkage and Selection via the Lasso, section 2',
  },
  L2: {
    what: 'Every weight costs its square, so no weight gets large and the output changes gently with the input. It is also called weight decay.',
    source: 'Krogh & Hertz 1991, A Simple Weight Decay Can Improve Generalization',
  },
  dropout: {
    what: 'In each training step a random part of the neurons is switched off, so none can rely on a certain other one.',
    source: 'Srivastava et al. 2014, Dropout: A Simple Way to Prevent Neural Networks from Overfitting, section 4',
  },
  'early stopping': {
    what: 'Training ends once the loss on samples held back has not improved for a while, and the best weights until then are kept.',
    source: 'Prechelt 1998, Early Stopping – But When?',
  },
  'smaller network': {
    what: 'Fewer weights leave less room to learn samples by heart.',
    source: 'Baum & Haussler 1989, What Size Net Gives Valid Generalization?',
  },
};

/** What each network for images is. */
export const LIGHTS: { readonly [N in LightName]: Explanation } = {
  'plain CNN': {
    what: 'One convolution of 3×3 with 32 channels, the largest of each 2×2, a dense layer that sees every pixel of every channel, and the classes.',
    source: 'LeCun, Bottou, Bengio & Haffner 1998, Gradient-Based Learning Applied to Document Recognition, section II',
  },
  'plain CNN, channel means': {
    what: 'The same, but the dense layer sees one number of each channel, its mean over the image, so its weights do not grow with the image.',
    source: 'Lin, Chen & Yan 2014, Network In Network, section 3.2',
  },
  'depthwise-separable': {
    what: 'Convolutions in two steps: 3×3 in each channel by itself, then 1×1 over all channels at each pixel. With many channels that is about an eighth of the products.',
    source:
      'Howard et al. 2017, MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, section 3.1',
  },
  'MobileNetV2-like': {
    what: 'Blocks that widen with a 1×1, go over the image channel by channel, and narrow again; what came in is added where the shape is the same.',
    source: 'Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks, section 3',
  },
  'ShuffleNetV2-like': {
    what: 'Half of the channels pass each block as they are, the other half are convolved; then they are shuffled, so that all get their turn.',
    source: 'Ma et al. 2018, ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, section 3',
  },
};

/** What each form is, and the pass that makes it. */
export const FORMS: { readonly [N in FormName]: Explanation } = {
  teacher: {
    what: 'The full network in 32-bit floating point, which all other forms are made from or learn from.',
    source: 'training: Kingma & Ba 2015, Adam: A Method for Stochastic Optimization, Algorithm 1',
  },
  pruned: {
    what: 'The weights nearest to zero become zero and stay so while the others are trained on. The file leaves the zeros out.',
    source: 'Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks, section 3',
  },
  'sparse panels': {
    what: 'Weights become zero sixteen at a time, those of one input to sixteen neurons side by side, and only panels that are left are held. A kernel steps over the others where that measured faster.',
    source: PANELS,
  },
  'neurons pruned': {
    what: 'Whole neurons or channels, those with the smallest incoming weights, are taken out. What is left is an ordinary, narrower network, trained on.',
    source: 'Li et al. 2017, Pruning Filters for Efficient ConvNets, section 3',
  },
  int8: {
    what: 'Weights and activations become 8-bit integers with a scale; products are summed up in integers. It needs no training.',
    source:
      'Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, section 2',
  },
  'student (labels only)': {
    what: 'A small network that learns from the labels alone: what the distilled student, of the same size, is compared with.',
    source: `${HINTON}, section 3`,
  },
  'student (distilled)': {
    what: "A small network that learns from the labels and from the teacher's outputs; those for classes say which wrong answers are nearly right.",
    source: `${HINTON}, section 2`,
  },
  combined: {
    what: 'One pass after another: neurons out, then weights to zero, then 8-bit integers.',
    source: 'Han, Mao & Dally 2016, Deep Compression, section 1',
  },
};

/** What each criterion of pruning looks at. */
export const CRITERIA: { readonly [N in CriterionName]: Explanation } = {
  magnitude: {
    what: 'The weights nearest to zero go, those of all layers ranked together.',
    source: 'Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks, section 3',
  },
  'magnitude, each layer': {
    what: 'The same, but every layer loses the same share of its own weights.',
    source: 'Blalock et al. 2020, What is the State of Neural Network Pruning?, section 2.3',
  },
  'magnitude, panels': {
    what: 'Weights go sixteen at a time, those of one input to sixteen neurons side by side: a kernel can step over such zeros, so they make a call faster.',
    source: PANELS,
  },
  'gradient × weight': {
    what: 'Weights go whose removal would change the loss least, by the slope of the loss on the training samples.',
    source: 'Molchanov et al. 2019, Importance Estimation for Neural Network Pruning, section 3.1',
  },
  Wanda: {
    what: 'A weight counts as much as it is large times how large its input usually is.',
    source: 'Sun et al. 2023, A Simple and Effective Pruning Approach for Large Language Models, section 3',
  },
  movement: {
    what: 'Weights go that the end of the training moved towards zero, however large they are.',
    source: 'Sanh, Wolf & Rush 2020, Movement Pruning: Adaptive Sparsity by Fine-Tuning, section 4',
  },
  SNIP: {
    what: 'Chosen before any training, by gradient times weight, and then trained as long as the whole network.',
    source: 'Lee, Ajanthan & Torr 2019, SNIP: Single-Shot Network Pruning Based on Connection Sensitivity, section 4',
  },
  random: { what: 'Weights go by lot. A criterion that is no better than this one knows nothing.', source: '' },
  'small network': {
    what: 'An ordinary narrow network with no more parameters than the pruned ones have left, trained from the start as long as the whole one.',
    source: 'Liu et al. 2019, Rethinking the Value of Network Pruning, section 3',
  },
};
