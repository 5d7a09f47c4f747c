import { elementsOf, type Shape } from '../base/shape.ts';
import { LINEAR } from '../graph/activation.ts';
import type { Node, NodeOf, Op } from '../graph/graph.ts';
import { nodeOf } from '../graph/rewrite.ts';

/**
 * How the kernel of a convolution of images is parted.
 * - `channel`: the window to r channels, then 1×1 to the units (Zhang et al. 2015, arXiv 1505.06798, section 2.1).
 * - `spatial`: a column of the window to r channels, then a row of it to the units (Jaderberg et al. 2014, arXiv 1405.3866,
 *   section 2.1, scheme 2).
 */
export type FactorForm = 'channel' | 'spatial';

/** Numbers row by row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** A weight before it is stored. */
export interface Part {
  readonly shape: Shape;
  readonly values: Float64Array;
}

/** What is put in the place of a node: two, of which the second has its name, its bias and its activation. */
interface FactorNames {
  readonly first: string;
  readonly kernel: string;
}

/** A kernel as a matrix, and the two layers whose kernels are factors of that: [rows, r] and [r, columns]. */
export interface Form<K extends Op> {
  /** Whether the columns of the matrix are the units, whose sums samples can tell of. */
  readonly hasUnitColumns: boolean;
  readonly matrix: (kernel: Shape, values: ArrayLike<number>) => Matrix;
  /** The kernels of the first and the second node, of factors of rank r. */
  readonly parts: (kernel: Shape, a: Float64Array, b: Float64Array, r: number) => readonly [first: Part, second: Part];
  readonly nodes: (node: NodeOf<K>, names: FactorNames) => readonly [first: Node, second: Node];
}

type Nodes<K extends Op> = Form<K>['nodes'];

/** All axes but the last are rows. */
const asItLies: Form<Op>['matrix'] = (kernel, values) => {
  const columns = kernel.at(-1)!;
  return { rows: elementsOf(kernel.slice(0, -1)), columns, values: Float64Array.from(values) };
};

const ones = (taps: Shape): number[] => taps.map(() => 1);
const tapsOf = (kernel: Shape): Shape => kernel.slice(0, -2);

const DENSE: Form<'dense'> = {
  hasUnitColumns: true,
  matrix: asItLies,
  parts: ([inputs, units], a, b, r) => [
    { shape: [inputs!, r], values: a },
    { shape: [r, units!], values: b },
  ],
  nodes: (node, { first, kernel }) => [
    nodeOf('dense', first, node.inputs, { activation: LINEAR }, { weights: { kernel } }),
    { ...node, inputs: [first] },
  ],
};

/** Where the window goes, and what is around the samples, is the first node's; the second stays where it is. */
const channelNodes: Nodes<'conv'> = (node, { first, kernel }) => {
  const { strides } = node.attrs;
  const still = { strides: ones(strides), dilations: ones(strides), padding: 'valid' } as const;
  return [
    nodeOf('conv', first, node.inputs, { ...node.attrs, activation: LINEAR }, { weights: { kernel } }),
    { ...node, inputs: [first], attrs: { ...node.attrs, ...still } },
  ];
};

const CHANNEL: Form<'conv'> = {
  hasUnitColumns: true,
  matrix: asItLies,
  parts: (kernel, a, b, r) => [
    { shape: [...kernel.slice(0, -1), r], values: a },
    { shape: [...ones(tapsOf(kernel)), r, kernel.at(-1)!], values: b },
  ],
  nodes: channelNodes,
};

/** Rows are the taps down of each channel, columns those across of each unit. */
const SPATIAL: Form<'conv'> = {
  hasUnitColumns: false,
  matrix: ([down, across, channels, units], given) => {
    const values = new Float64Array(given.length);
    let at = 0;
    for (let y = 0; y < down!; y++)
      for (let x = 0; x < across!; x++)
        for (let c = 0; c < channels!; c++)
          for (let u = 0; u < units!; u++) values[((y * channels! + c) * across! + x) * units! + u] = given[at++]!;
    return { rows: down! * channels!, columns: across! * units!, values };
  },
  parts: ([down, across, channels, units], a, b, r) => {
    const values = new Float64Array(b.length);
    let at = 0;
    for (let k = 0; k < r; k++)
      for (let x = 0; x < across!; x++) for (let u = 0; u < units!; u++) values[(x * r + k) * units! + u] = b[at++]!;
    return [
      { shape: [down!, 1, channels!, r], values: a },
      { shape: [1, across!, r, units!], values },
    ];
  },
  nodes: (node, { first, kernel }) => {
    const along = (axis: 0 | 1): Partial<NodeOf<'conv'>['attrs']> => {
      const { strides, dilations, padding } = node.attrs;
      const only = <T>(list: readonly T[], other: T): T[] => list.map((own, i) => (i === axis ? own : other));
      const around = typeof padding === 'string' ? padding : only(padding, [0, 0] as const);
      return { strides: only(strides, 1), dilations: only(dilations, 1), padding: around };
    };
    const begin = { ...node.attrs, ...along(0), activation: LINEAR };
    return [
      nodeOf('conv', first, node.inputs, begin, { weights: { kernel } }),
      { ...node, inputs: [first], attrs: { ...node.attrs, ...along(1) } },
    ];
  },
};

/** 1×1 from the channels to r, then the window: what is taken apart is [down, across, units, channels] before its last axis. */
const TRANSPOSED: Form<'convTranspose'> = {
  hasUnitColumns: false,
  matrix: asItLies,
  parts: (kernel, a, b, r) => {
    const channels = kernel.at(-1)!;
    const values = Float64Array.from(b, (_, i) => b[(i % r) * channels + Math.floor(i / r)]!);
    return [
      { shape: [1, 1, channels, r], values },
      { shape: [...kernel.slice(0, -1), r], values: a },
    ];
  },
  nodes: (node, { first, kernel }) => {
    const still = { strides: [1, 1], dilations: [1, 1], padding: 'valid', groups: 1 } as const;
    return [
      nodeOf('conv', first, node.inputs, { ...still, activation: LINEAR }, { weights: { kernel } }),
      { ...node, inputs: [first] },
    ];
  },
};

/** One row an operation: what its kernel is taken apart into. Sequences have one axis, and one form. */
const FORMS: { readonly [K in Op]?: (kernel: Shape, form: FactorForm) => Form<K> } = {
  dense: () => DENSE,
  conv: (kernel, form) => (form === 'spatial' && kernel.length === 4 ? SPATIAL : CHANNEL),
  convTranspose: () => TRANSPOSED,
};

/** What a node is taken apart into; null for an operation whose weight is no product's. */
export function formOf(node: Node, kernel: Shape, form: FactorForm): Form<Op> | null {
  return (FORMS[node.op]?.(kernel, form) as Form<Op> | undefined) ?? null;
}

export const isFactored = ({ op }: Node): boolean => Object.hasOwn(FORMS, op);
