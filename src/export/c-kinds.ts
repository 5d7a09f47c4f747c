import { decoderOf } from './c-forms.ts';
import type { Layer } from './c-layer.ts';
import { type Finishes, finishesOf } from './c-layers.ts';
import { indented } from './c-text.ts';
import type { Extent, Finish } from './product.ts';

export const isInteger = ({ as }: Layer): boolean => as === 'integers';

/** Whether rows are read where they lie: numbers as they are, of all layers of a kind. */
export const areDirect = (layers: readonly Layer[]): boolean =>
  layers.every(({ storage, as }) => storage.form === 'plain' && (as === 'integers' || as === 'float32'));

/** What all layers of a file need to know, from which the text follows. */
export class Layers {
  readonly integers: readonly Layer[];
  readonly reals: readonly Layer[];
  readonly kinds: ReadonlySet<Finish['kind']>;
  readonly extents: ReadonlySet<Extent['kind']>;
  readonly finishes: Finishes;

  readonly all: readonly Layer[];

  constructor(all: readonly Layer[], isSmall: boolean) {
    this.all = all;
    this.integers = all.filter(isInteger);
    this.reals = all.filter((layer) => !isInteger(layer));
    this.kinds = new Set(all.map(({ product }) => product.finish.kind));
    this.extents = new Set(all.map(({ product }) => product.extent.kind));
    this.finishes = finishesOf(all, isSmall);
  }

  get isImage(): boolean {
    return this.extents.has('conv') || this.extents.has('transposed');
  }

  get hasZero(): boolean {
    return this.integers.some((layer) => this.finishes.zeros.get(layer) !== 0);
  }
}

/** Switches over what layers of a file are, where there is more than one of it. */
export function cased(of: string, cases: ReadonlyMap<string, string>): string {
  if (cases.size === 1) return [...cases.values()][0]!;
  const parts = [...cases].map(([name, text]) => `case ${name}:\n${indented(text)}\n  break;`);
  return `switch (${of}) {\n${parts.join('\n')}\n}`;
}

export const sourceOf = (layer: Layer): string =>
  `${layer.as === 'float32' || layer.as === 'integers' ? '' : `${layer.as}_of_`}${decoderOf(layer)}`.toUpperCase();

/** Texts by what layers are called by. */
export const casesOf = (
  layers: readonly Layer[],
  name: (layer: Layer) => string,
  text: (layer: Layer) => string,
): Map<string, string> => new Map(layers.map((layer) => [name(layer), text(layer)]));

export const kindOf = ({ product }: Layer): string => product.finish.kind.toUpperCase();
export const extentOf = ({ product }: Layer): string => product.extent.kind.toUpperCase();
