import type { LayerShape } from '../../engine/messages.ts';

/** A neuron, or an input (layer -1). */
export interface Place {
  readonly layer: number;
  readonly unit: number;
}

export interface Node extends Place {
  /** Its middle, in CSS pixels from the left and from the top. */
  readonly x: number;
  readonly y: number;
}

export interface Column {
  /** Side of a node's picture. */
  readonly size: number;
  readonly nodes: readonly Node[];
  /** Where its edges end and begin. */
  readonly left: number;
  readonly right: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Inputs first, then a column for each layer with weights. */
  readonly columns: readonly Column[];
}

/** A tall column is at most as high as this; more neurons stand side by side. */
const HEIGHT = 392;
const GAP = 4;
/** Sides of pictures: the largest with which all columns fit the width, else the least, and one scrolls. */
const SIZES = [44, 36, 28, 24] as const;
/** On a screen wide enough for a mouse a large network is seen whole before it scrolls; the list names its neurons. */
const [SMALL, ROOMY] = [16, 640] as const;
/** What is smaller than this is hard to look at, and a layout so wide has a row of its own. */
const [LEGIBLE, NARROW] = [24, 460] as const;
/** Room for edges between columns, at least. */
const BETWEEN = 40;
const EDGE = 12;
/** Inputs beyond these are not drawn one by one. */
const MOST_INPUTS = 64;

interface Sizing {
  readonly units: number;
  readonly size: number;
  /** Columns of pictures side by side. */
  readonly across: number;
}

/** Columns of `units` pictures, none higher than `HEIGHT`. */
function sizing(counts: readonly number[], size: number): readonly Sizing[] {
  const most = Math.floor((HEIGHT + GAP) / (size + GAP));
  return counts.map((units) => ({ units, size, across: Math.max(1, Math.ceil(units / most)) }));
}

const acrossOf = ({ size, across }: Sizing): number => across * (size + GAP) - GAP;
/** All columns with the least room between them. */
const leastOf = (sized: readonly Sizing[]): number =>
  sized.reduce((sum, each) => sum + acrossOf(each), 2 * EDGE + (sized.length - 1) * BETWEEN);

const countsOf = (inputs: number, shape: readonly LayerShape[]): readonly number[] => [
  Math.min(inputs, MOST_INPUTS),
  ...shape.map(({ units }) => units),
];

/** Whether a network takes more room than half a page has. */
export const isWide = (inputs: number, shape: readonly LayerShape[]): boolean =>
  leastOf(sizing(countsOf(inputs, shape), LEGIBLE)) > NARROW;

/** Where the inputs and neurons stand, for at least `width` pixels; wider if it takes more. */
export function layOut(inputs: number, shape: readonly LayerShape[], width: number): Layout {
  const counts = countsOf(inputs, shape);
  const tried = (width < ROOMY ? SIZES : [...SIZES, SMALL]).map((size) => sizing(counts, size));
  const sized = tried.find((each) => leastOf(each) <= width) ?? tried.at(-1)!;
  const rows = sized.map(({ units, across }) => Math.ceil(units / across));
  const height = 2 * EDGE + Math.max(...sized.map(({ size }, i) => rows[i]! * (size + GAP) - GAP));
  const pictures = sized.reduce((sum, each) => sum + acrossOf(each), 0);
  const between = Math.max(BETWEEN, (width - 2 * EDGE - pictures) / Math.max(1, counts.length - 1));
  let left = EDGE;
  const columns = sized.map(({ units, size, across }, i): Column => {
    const [down, step] = [rows[i]!, size + GAP];
    const top = (height - (down * step - GAP)) / 2;
    const nodes = Array.from({ length: units }, (_, unit) => ({
      layer: i - 1,
      unit,
      x: left + Math.floor(unit / down) * step + size / 2,
      y: top + (unit % down) * step + size / 2,
    }));
    const column = { size, nodes, left, right: left + across * step - GAP };
    left = column.right + between;
    return column;
  });
  return { width: left - between + EDGE, height, columns };
}

/** A weight that is drawn: from unit `from` of the column before to unit `to` of the layer. */
export interface Edge {
  readonly layer: number;
  readonly from: number;
  readonly to: number;
  readonly weight: number;
  /** Its size as a share of the largest of its layer, or of 1 where that is less: what has learned little is drawn thin. */
  readonly share: number;
}

/** So many edges are drawn at most, beside those of a chosen neuron. */
export const MOST_EDGES = 320;

/**
 * The edges that are drawn: the strongest of each layer, which shares `most` with the others evenly (what one leaves is
 * for those that have more), and all of the chosen neuron. Strength is by size; edges of weight 0 are none.
 */
export function chooseEdges(
  weights: readonly Float32Array[],
  shape: readonly LayerShape[],
  chosen: Place | null,
  most: number = MOST_EDGES,
): Edge[] {
  const edges: Edge[] = [];
  const order = weights.map((_, layer) => layer).sort((a, b) => weights[a]!.length - weights[b]!.length);
  let left = most;
  order.forEach((layer, i) => {
    const kernel = weights[layer]!;
    const units = shape[layer]?.units ?? 0;
    if (units === 0) return;
    const quota = Math.floor(left / (order.length - i));
    const least = strengthOf(kernel, quota);
    const largest = Math.max(1, strengthOf(kernel, 1));
    let taken = 0;
    for (let at = 0; at < kernel.length; at++) {
      const weight = kernel[at]!;
      const size = Math.abs(weight);
      const [from, to] = [Math.floor(at / units), at % units];
      const isOwn =
        chosen !== null &&
        ((chosen.layer === layer && chosen.unit === to) || (chosen.layer === layer - 1 && chosen.unit === from));
      const isStrong = size >= least && taken < quota;
      if (!(size > 0) || !(isStrong || isOwn) || from >= MOST_INPUTS) continue;
      if (isStrong) taken++;
      edges.push({ layer, from, to, weight, share: size / largest });
    }
    left -= taken;
  });
  return edges;
}

/** The size of the `count`th strongest weight, or 0 if there are not so many. */
function strengthOf(kernel: Float32Array, count: number): number {
  if (count < 1) return Number.POSITIVE_INFINITY;
  if (count === 1) return kernel.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  if (kernel.length <= count) return 0;
  return kernel.map(Math.abs).sort()[kernel.length - count]!;
}

/** Whether an edge begins or ends at the neuron. */
export const touches = ({ layer, from, to }: Edge, { layer: of, unit }: Place): boolean =>
  (of === layer && to === unit) || (of === layer - 1 && from === unit);

/** Widths of lines, in CSS pixels: an edge has that of its share. */
export const WIDTHS = [0.75, 1.25, 2, 3, 4.2] as const;
/** How clearly an edge of each width stands out. */
const CLARITY = [0.3, 0.5, 0.7, 0.85, 1] as const;

const widthOf = (share: number): number => Math.min(WIDTHS.length - 1, Math.floor(share * WIDTHS.length));

/** What is drawn as one line of SVG: all edges of a sign and width. */
export interface Strand {
  readonly isPositive: boolean;
  readonly width: number;
  readonly opacity: number;
  readonly path: string;
}

/** The curves of edges that were drawn before: they go by the layout alone. */
const known = new WeakMap<Layout, Map<number, string>>();

/** Where an edge begins and ends, and the middle that it bends at; null where the layout has no such edge. */
function endsOf(layout: Layout, { layer, from, to }: Edge) {
  const [before, after] = [layout.columns[layer], layout.columns[layer + 1]];
  const [a, b] = [before?.nodes[from], after?.nodes[to]];
  if (before === undefined || after === undefined || a === undefined || b === undefined) return null;
  const [x1, x2] = [Math.round(a.x + before.size / 2), Math.round(b.x - after.size / 2)];
  return { x1, y1: Math.round(a.y), x2, y2: Math.round(b.y), middle: Math.round((before.right + after.left) / 2) };
}

function curveOf(layout: Layout, edge: Edge): string {
  const { layer, from, to } = edge;
  const curves = known.get(layout) ?? new Map<number, string>();
  known.set(layout, curves);
  const key = (layer * 4096 + from) * 4096 + to;
  const found = curves.get(key);
  if (found !== undefined) return found;
  const ends = endsOf(layout, edge);
  let curve = '';
  if (ends !== null) {
    const { x1, y1, x2, y2, middle } = ends;
    curve = `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  }
  curves.set(key, curve);
  return curve;
}

/** So near an edge is pointed at, in CSS pixels. */
const NEAR = 6;
/** Pieces of an edge as straight lines. */
const PIECES = 16;

/** The edge that passes nearest to a place; null where none is near. */
export function edgeAt(edges: readonly Edge[], layout: Layout, x: number, y: number): Edge | null {
  let [found, least]: [Edge | null, number] = [null, NEAR];
  for (const edge of edges) {
    const ends = endsOf(layout, edge);
    if (ends === null || x < ends.x1 - NEAR || x > ends.x2 + NEAR) continue;
    const { x1, y1, x2, y2, middle } = ends;
    let [left, top] = [x1, y1];
    for (let i = 1; i <= PIECES; i++) {
      const t = i / PIECES;
      const bend = t * t * (3 - 2 * t);
      const to = [x1 * (1 - t) ** 3 + 3 * middle * t * (1 - t) + x2 * t ** 3, y1 + (y2 - y1) * bend] as const;
      const [dx, dy] = [to[0] - left, to[1] - top];
      const along = Math.min(1, Math.max(0, ((x - left) * dx + (y - top) * dy) / (dx * dx + dy * dy || 1)));
      const distance = Math.hypot(left + along * dx - x, top + along * dy - y);
      if (distance < least) [found, least] = [edge, distance];
      [left, top] = to;
    }
  }
  return found;
}

/** Edges as a few curves of SVG, the thin ones first. */
export function strands(edges: readonly Edge[], layout: Layout): Strand[] {
  const paths = WIDTHS.flatMap((width, i) =>
    [true, false].map((isPositive) => ({ isPositive, width, opacity: CLARITY[i]!, path: '' })),
  );
  for (const edge of edges) paths[2 * widthOf(edge.share) + (edge.weight > 0 ? 0 : 1)]!.path += curveOf(layout, edge);
  return paths;
}

/** The neuron that an arrow key leads to: within the layer up and down, to the nearest of the next layer left and right. */
export function neighbour({ columns }: Layout, { layer, unit }: Place, key: string): Place | null {
  const column = columns[layer + 1];
  const node = column?.nodes[unit];
  if (column === undefined || node === undefined) return null;
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    const next = unit + (key === 'ArrowUp' ? -1 : 1);
    return next >= 0 && next < column.nodes.length ? { layer, unit: next } : null;
  }
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return null;
  const beside = layer + (key === 'ArrowLeft' ? -1 : 1);
  const nodes = beside < 0 ? [] : (columns[beside + 1]?.nodes ?? []);
  let best: Node | null = null;
  for (const each of nodes) if (best === null || Math.abs(each.y - node.y) < Math.abs(best.y - node.y)) best = each;
  return best === null ? null : { layer: best.layer, unit: best.unit };
}

export const isSame = (a: Place | null, b: Place): boolean => a?.layer === b.layer && a.unit === b.unit;

/** The name of a neuron or an input: x1 of inputs, h1.3 for the third of the first layer, y1 of the output. */
export function nameOf({ layer, unit }: Place, layers: number): string {
  if (layer < 0) return `x${unit + 1}`;
  return layer === layers - 1 ? `y${unit + 1}` : `h${layer + 1}.${unit + 1}`;
}

/** What colours of a neuron's picture go by: its own largest size, but not less than a twentieth of its layer's. */
export function scales(pictures: readonly Float32Array[]): number[] {
  const own = pictures.map((values) => {
    let most = 0;
    for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
    return most;
  });
  const least = own.reduce((most, each) => Math.max(most, each), 0) / 20;
  return own.map((scale) => Math.max(scale, least) || 1);
}
