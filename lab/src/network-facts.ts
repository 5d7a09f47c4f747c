import type { ColumnSpec } from 'whittle-ml/data';
import { type Paper, penOf } from './ink.ts';
import type { Model, Range } from './models.ts';
import { screenOf } from './pictures.ts';

/** What the page of a network shows and asks for, as plain data: its script gets it as JSON. */
export interface PageFacts {
  readonly target: string;
  /** Null for a regression. */
  readonly classes: readonly string[] | null;
  /** Columns of the table that the network is told, in order. */
  readonly fields: readonly Field[];
  /** Null where rows are no images that one can draw. */
  readonly image: ImageFacts | null;
  /** Marks of a missing cell, and what stands before a fraction, in the table of training. */
  readonly na: readonly string[];
  readonly decimal: string;
}

/** A column as somebody fills it in. */
export interface Field {
  readonly name: string;
  readonly kind: 'number' | 'date' | 'category';
  /** Whether its cells are compared as numbers: those of some categories are too. */
  readonly isNumeric: boolean;
  /** Texts to choose from; empty for others. */
  readonly choices: readonly string[];
  /** What stands there first. */
  readonly first: string;
  /** What a cell without a value is taken for; null where it is refused. */
  readonly gap: string | null;
  /** In the table of training. */
  readonly range: Range | null;
}

export interface ImageFacts extends Paper {
  /** The column of each number, row by row, the channels of a pixel side by side; null where the network is not told it. */
  readonly names: readonly (string | null)[];
  readonly channels: number;
  /** What a pixel without ink has, and one that is full of it. */
  readonly blank: number;
  readonly full: number;
}

export function factsOf(model: Model): PageFacts {
  const { encoder, trained } = model;
  const { columns, missing, target } = encoder.toJSON();
  return {
    target: target?.name ?? '',
    classes: encoder.classNames ?? null,
    fields: columns.map((spec, i) => fieldOf(spec, trained?.ranges?.[i] ?? null, missing === 'error')),
    image: imageOf(model),
    na: trained?.na ?? [],
    decimal: trained?.decimal ?? '.',
  };
}

/** Four digits say enough of a mean. */
const short = (x: number): string => String(Number(x.toPrecision(4)));

const dayText = (days: number): string => new Date(Math.floor(days) * 86_400_000).toISOString().slice(0, 10);

function fieldOf(spec: ColumnSpec, range: Range | null, isStrict: boolean): Field {
  const { name, kind } = spec;
  if (spec.kind === 'category') {
    const [first = ''] = spec.categories;
    const gap = spec.fill ?? (isStrict ? null : (spec.other ?? 'none of these'));
    return { name, kind, isNumeric: spec.numeric, choices: spec.categories, first, gap, range: null };
  }
  const { fill, scaling } = spec;
  const text = spec.kind === 'date' ? dayText : short;
  const usual = fill ?? scaling?.center[0] ?? null;
  return {
    ...{ name, kind, isNumeric: kind === 'number', choices: [], range },
    first: usual === null ? '' : text(usual),
    gap: fill === null ? null : text(fill),
  };
}

/** Images by the input of the network, or, of a perceptron, by columns that are named as pixels. */
function imageOf({ network, encoder, trained }: Model): ImageFacts | null {
  const { columns } = encoder.toJSON();
  const shape = network.inputs[0]!.shape;
  const ranges = trained?.ranges?.filter((range) => range !== null) ?? [];
  // Without the range of its pixels nobody can draw what they are
  if (trained === undefined || ranges.length === 0 || columns.some(({ kind }) => kind !== 'number')) return null;
  const used = columns.map(({ name }) => name);
  const layout = shape.length === 3 ? { shape, names: used } : squareOf(trained.names, used);
  if (layout === null) return null;
  const [height, width, channels] = layout.shape as readonly [number, number, number];
  const low = Math.min(...ranges.map(([least]) => least));
  const high = Math.max(...ranges.map(([, most]) => most));
  const means = columns.map(({ scaling }) => scaling?.center[0] ?? low);
  // Of dark ink on bright paper most pixels are bright
  const isDark = means.reduce((sum, mean) => sum + mean, 0) / means.length > (low + high) / 2;
  return {
    ...{ height, width, channels, names: layout.names, blank: isDark ? high : low, full: isDark ? low : high },
    ...penOf(height),
  };
}

function squareOf(
  names: readonly string[],
  used: readonly string[],
): { readonly shape: readonly number[]; readonly names: readonly (string | null)[] } | null {
  const screen = screenOf(names);
  if (screen === null) return null;
  const pixels = screen.columns.map((column) => names[column]!);
  if (!used.every((name) => pixels.includes(name))) return null;
  return {
    shape: [screen.side, screen.side, 1],
    names: pixels.map((name) => (used.includes(name) ? name : null)),
  };
}
