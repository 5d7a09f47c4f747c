import { decodersText, FORM_FIELDS, storageText } from './c-forms.ts';
import { areDirect, extentOf, isInteger, kindOf, Layers, sourceOf } from './c-kinds.ts';
import type { Layer } from './c-layer.ts';
import { finishText, levelsText, windowedOf, windowFields } from './c-layers.ts';
import { conversions, integerRoutine, realRoutine, summing } from './c-product-routines.ts';
import type { RoutineName } from './c-routine.ts';
import { commented, indented, joined, typeOf } from './c-text.ts';
import type { Extent } from './product.ts';

/** What C has of products: a structure, what reads it, and one of it for each layer. */
export interface ProductsText {
  readonly needs: readonly RoutineName[];
  readonly isContracted: boolean;
  readonly routines: string;
  readonly layers: string;
}

export function productsText(all: readonly Layer[], isSmall: boolean): ProductsText {
  if (all.length === 0) return { needs: [], isContracted: false, routines: '', layers: '' };
  const layers = new Layers(all, isSmall);
  const { kinds, integers, reals } = layers;
  const needs: RoutineName[] = [];
  if (layers.isImage) needs.push('window');
  if (kinds.has('requantize')) needs.push('nearest', 'clamped');
  if (kinds.has('whole')) needs.push('scaled', 'requantized_whole');
  const parts = layers.all.map((layer) => partsOf(layer, layers));
  const used = new Set(parts.flatMap(({ fields }) => Object.keys(fields)));
  const decoded = [integers, reals].filter((each) => !areDirect(each)).flat();
  const routines = [
    enumerations(layers),
    structure(used, layers),
    decodersText(decoded),
    ...conversions(reals),
    integers.length === 0 ? '' : summing(layers, integers, 'int8_t'),
    integers.length === 0 ? '' : integerRoutine(layers),
    reals.length === 0 ? '' : summing(layers, reals, 'float'),
    reals.length === 0 ? '' : realRoutine(layers),
  ];
  return {
    needs,
    isContracted: reals.length > 0 || kinds.has('dynamic'),
    routines: routines.filter((text) => text !== '').join('\n\n'),
    layers: parts.map(({ text }) => text).join('\n\n'),
  };
}

/** Names of what differs between layers. */
function enumerations({ all, integers, reals }: Layers): string {
  const lists = [
    new Set(all.map(kindOf)),
    new Set(all.map(extentOf)),
    areDirect(integers) ? new Set<string>() : new Set(integers.map(sourceOf)),
    areDirect(reals) ? new Set<string>() : new Set(reals.map(sourceOf)),
    new Set(reals.map(({ product: { finish } }) => (finish.kind === 'real' ? finish.activation.toUpperCase() : ''))),
  ];
  return lists
    .filter(({ size }) => size > 1)
    .map((names) => `enum { ${[...names].join(', ')} };`)
    .join('\n');
}

/** The fields that layers of a file have, of those that there are. */
function structure(used: ReadonlySet<string>, { finishes }: Layers): string {
  const [bias] = finishes.biases.values();
  const fields: Readonly<Record<string, string>> = {
    ...FORM_FIELDS,
    level_scales: 'const WHITTLE_FLASH float *level_scales; /* what levels are multiplied with */',
    groups: 'size_of groups, group; /* scales of a unit, and terms that have one together */',
    bias: `const WHITTLE_FLASH ${bias === undefined ? 'int32_t' : typeOf(bias)} *bias;`,
    real_bias: 'const WHITTLE_FLASH float *real_bias;',
    scale: 'float scale; /* of sums */',
    scales: 'const WHITTLE_FLASH float *scales; /* of sums */',
    scale_of: 'const WHITTLE_FLASH uint8_t *scale_of; /* which of the scales each unit has */',
    multipliers: 'const WHITTLE_FLASH int32_t *multipliers;',
    shifts: 'const WHITTLE_FLASH int8_t *shifts;',
    window: 'struct window window;',
    rows: 'size_of rows;',
    terms: 'size_of terms, units;',
    per_tap: 'size_of per_tap, units_per_group;',
    source: 'uint8_t source;',
    extent: 'uint8_t extent;',
    finish: 'uint8_t finish;',
    activation: 'uint8_t activation;',
    scale_step: 'uint8_t scale_step; /* 0 where all units have one */',
    multiplier_step: 'uint8_t multiplier_step; /* 0 where all units have one */',
    zero: 'int8_t zero; /* of x */',
    out_zero: 'int8_t out_zero, low, high;',
  };
  const lines = Object.entries(fields).flatMap(([field, text]) => (used.has(field) ? [text] : []));
  return `struct layer {\n${indented(lines.join('\n'))}\n};`;
}

/** A layer's arrays and its structure. */
function partsOf(layer: Layer, layers: Layers): { fields: Readonly<Record<string, string>>; text: string } {
  const { name, product, storage, terms, units } = layer;
  const { extent } = product;
  const window = windowedOf(extent);
  const form = storageText(storage, name);
  const finish = finishText(layer, layers.finishes);
  const levels = levelsText(layer);
  const own = isInteger(layer) ? layers.integers : layers.reals;
  const several = (of: (layer: Layer) => string): boolean => new Set(own.map(of)).size > 1;
  const { activation, ...finished } = finish.fields;
  const fields: Record<string, string> = {
    ...form.fields,
    ...levels.fields,
    ...finished,
    ...(layers.isImage
      ? {
          window: `{${listed(windowFields(window))}}`,
          per_tap: String(window.perTap),
          units_per_group: String(window.unitsPerGroup),
        }
      : { rows: String(window.outHeight) }),
    terms: String(terms),
    units: String(units),
    ...(areDirect(own) || !several(sourceOf) ? {} : { source: sourceOf(layer) }),
    ...(layers.extents.has('transposed') && layers.extents.size > 1 ? { extent: extentOf(layer) } : {}),
    ...(several(kindOf) ? { finish: kindOf(layer) } : {}),
    ...(activation === undefined || !hasActivations(layers) ? {} : { activation }),
    ...(layers.hasZero && isInteger(layer) ? { zero: String(layers.finishes.zeros.get(layer) ?? 0) } : {}),
  };
  const lines = Object.entries(fields).map(([field, value]) => `.${field} = ${value},`);
  const text = joined(
    `/* ${commented(product.name)}: ${describe(extent)}; ${storage.length} numbers in ${storage.bytes} bytes. */`,
    ...form.arrays,
    ...levels.arrays,
    ...finish.arrays,
    `static const WHITTLE_FLASH struct layer ${name} = {`,
    indented(lines.join('\n')),
    '};',
  );
  return { fields, text };
}

const listed = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([field, value]) => `.${field} = ${value}`)
    .join(', ');

const hasActivations = ({ reals }: Layers): boolean =>
  new Set(reals.map(({ product: { finish } }) => (finish.kind === 'real' ? finish.activation : ''))).size > 1;

/** One row a kind. */
const DESCRIBED: { readonly [K in Extent['kind']]: (extent: Extract<Extent, { kind: K }>) => string } = {
  dense: ({ rows, terms, units }) => `${rows === 1 ? '' : `${rows} rows of `}${terms} to ${units}`,
  conv: ({ windows: s }) =>
    `${s.height} x ${s.width} x ${s.channels} to ${s.outHeight} x ${s.outWidth} x ${s.units}, window ${s.kernelHeight} x ${s.kernelWidth}${s.groups === 1 ? '' : `, ${s.groups} groups`}`,
  transposed: ({ windows: s }) =>
    `${s.outHeight} x ${s.outWidth} x ${s.units} to ${s.height} x ${s.width} x ${s.channels}, transposed`,
};

const describe = (extent: Extent): string => (DESCRIBED[extent.kind] as (extent: Extent) => string)(extent);
