import { decoderOf, decodersText, FORM_FIELDS, storageText } from './c-forms.ts';
import type { Layer } from './c-layer.ts';
import { type Finishes, finishesOf, finishText, levelsText, windowedOf, windowFields } from './c-layers.ts';
import type { RoutineName } from './c-routine.ts';
import { commented, indented, joined, typeOf } from './c-text.ts';
import type { Extent, Finish } from './product.ts';

/** What C has of products: a structure, what reads it, and one of it for each layer. */
export interface ProductsText {
  readonly needs: readonly RoutineName[];
  readonly isContracted: boolean;
  readonly routines: string;
  readonly layers: string;
}

const isInteger = ({ as }: Layer): boolean => as === 'integers';

/** Whether rows are read where they lie: numbers as they are, of all layers of a kind. */
export const areDirect = (layers: readonly Layer[]): boolean =>
  layers.every(({ storage, as }) => storage.form === 'plain' && (as === 'integers' || as === 'float32'));

/** What all layers of a file need to know, from which the text follows. */
class Layers {
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
function cased(of: string, cases: ReadonlyMap<string, string>): string {
  if (cases.size === 1) return [...cases.values()][0]!;
  const parts = [...cases].map(([name, text]) => `case ${name}:\n${indented(text)}\n  break;`);
  return `switch (${of}) {\n${parts.join('\n')}\n}`;
}

const sourceOf = (layer: Layer): string =>
  `${layer.as === 'float32' || layer.as === 'integers' ? '' : `${layer.as}_of_`}${decoderOf(layer)}`.toUpperCase();

/** Texts by what layers are called by. */
const casesOf = (layers: readonly Layer[], name: (layer: Layer) => string, text: (layer: Layer) => string) =>
  new Map(layers.map((layer) => [name(layer), text(layer)]));

const kindOf = ({ product }: Layer): string => product.finish.kind.toUpperCase();
const extentOf = ({ product }: Layer): string => product.extent.kind.toUpperCase();

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

/** Routines that make real numbers of what is held. */
function conversions(reals: readonly Layer[]): string[] {
  const texts = new Map<string, string>();
  for (const { as, type } of reals) {
    if (as === 'levels')
      texts.set(
        `levels_${type}`,
        `static void levels_of_${type.replace('_t', '')}(const WHITTLE_FLASH struct layer *layer, size_t unit, const ${type} *x, float *y)
{
  const WHITTLE_FLASH float *scale = layer->level_scales + unit * layer->groups;
  for (size_t i = 0; i < layer->terms; scale++)
    for (size_t n = layer->group; n > 0 && i < layer->terms; n--, i++) y[i] = (float)x[i] * *scale;
}`,
      );
    if (as === 'float16')
      texts.set(
        as,
        `/* Numbers of binary16. */
static void float16_of_uint16(size_t n, const uint16_t *x, float *y)
{
  for (size_t i = 0; i < n; i++) {
    const uint32_t size = x[i] & 0x7fffu;
    const uint32_t bits = (size << 13) + (size < 0x7c00 ? 0x38000000u : 0x70000000u); /* infinite or NaN */
    if (size < 0x400) y[i] = (float)size * 5.9604645e-8f; /* 2^-24 */
    else memcpy(y + i, &bits, sizeof bits);
    if (x[i] & 0x8000u) y[i] = -y[i];
  }
}`,
      );
    if (as === 'bfloat16')
      texts.set(
        as,
        `/* Upper halves of float32. */
static void bfloat16_of_uint16(size_t n, const uint16_t *x, float *y)
{
  for (size_t i = 0; i < n; i++) {
    const uint32_t bits = (uint32_t)x[i] << 16;
    memcpy(y + i, &bits, sizeof bits);
  }
}`,
      );
  }
  return [...texts.values()];
}

/** How the sum of a unit at a position is made, as routines, and what calls one of them. */
function summing(layers: Layers, own: readonly Layer[], type: 'int8_t' | 'float'): string {
  if (!layers.isImage) return '';
  const isReal = type === 'float';
  const flash = areDirect(own) ? 'WHITTLE_FLASH ' : '';
  const zero = !isReal && layers.hasZero ? ', int zero' : '';
  const term = isReal ? 'from[c] * row[c]' : zero === '' ? 'from[c] * row[c]' : '(from[c] - zero) * row[c]';
  const kinds = new Set(own.map(({ product }) => (product.extent.kind === 'transposed' ? 'transposed' : 'conv')));
  const of = isReal ? 'real' : 'integer';
  const head = (name: string): string =>
    `static ${isReal ? 'float' : 'int32_t'} ${of}_${name}(const WHITTLE_FLASH struct layer *layer, const ${flash}${type} *row,
${' '.repeat(18)}const ${type} *x, size_t oy, size_t ox${zero})`;
  const texts: string[] = [];
  if (kinds.has('conv'))
    texts.push(`/* The sum over the window at a position. */
${head('window_sum')}
{
  const WHITTLE_FLASH struct window *s = &layer->window;
  const size_t per_tap = layer->per_tap;
  ${isReal ? 'float' : 'int32_t'} sum = 0;
  for (size_t ky = 0; ky < s->kernel_height; ky++) {
    const size_t iy = oy * s->stride_y + ky * s->dilation_y - s->pad_top; /* above the image it wraps: too large */
    for (size_t kx = 0; kx < s->kernel_width; kx++, row += per_tap) {
      const size_t ix = ox * s->stride_x + kx * s->dilation_x - s->pad_left;
      const ${type} *from = x + (iy * s->width + ix) * s->channels;
      if (iy >= s->height || ix >= s->width) continue;
      for (size_t c = 0; c < per_tap; c++) sum += ${term};
    }
  }
  return sum;
}`);
  if (kinds.has('transposed'))
    texts.push(`/* The sum over the positions whose window has a tap here. */
${head('transposed_sum')}
{
  const WHITTLE_FLASH struct window *s = &layer->window;
  const size_t per_tap = layer->per_tap;
  ${isReal ? 'float' : 'int32_t'} sum = 0;
  for (size_t ky = s->kernel_height; ky-- > 0; ) {
    const size_t iy = oy + s->pad_top - ky * s->dilation_y;
    for (size_t kx = s->kernel_width; kx-- > 0; row += per_tap) {
      const size_t ix = ox + s->pad_left - kx * s->dilation_x;
      const ${type} *from = x + (iy / s->stride_y * s->width + ix / s->stride_x) * s->channels;
      if (iy % s->stride_y != 0 || iy / s->stride_y >= s->height) continue;
      if (ix % s->stride_x != 0 || ix / s->stride_x >= s->width) continue;
      for (size_t c = 0; c < per_tap; c++) sum += ${term};
    }
  }
  return sum;
}`);
  return texts.join('\n\n');
}

/** Lines that leave the sum of a unit: of an image at (oy, ox), else of a row. */
function sumText(layers: Layers, own: readonly Layer[], isReal: boolean): string {
  const of = isReal ? 'real' : 'integer';
  const zero = !isReal && layers.hasZero;
  if (!layers.isImage)
    return `for (size_t i = 0; i < terms; i++) sum += ${zero ? '(from[i] - zero)' : 'from[i]'} * row[i];`;
  const call = (name: string): string => `sum = ${of}_${name}(layer, row, from, oy, ox${zero ? ', zero' : ''});`;
  const calls = casesOf(
    own,
    (layer) => (layer.product.extent.kind === 'transposed' ? 'TRANSPOSED' : 'CONV'),
    ({ product }) => call(product.extent.kind === 'transposed' ? 'transposed_sum' : 'window_sum'),
  );
  if (calls.size < 2) return [...calls.values()][0]!;
  return `if (layer->extent == TRANSPOSED) ${calls.get('TRANSPOSED')}\nelse ${calls.get('CONV')}`;
}

/** Loops over units, and over the places of each, around lines that leave \`sum\` and lines that write y[at]. */
function looped(layers: Layers, own: readonly Layer[], reading: string, zero: string, finish: string): string {
  const isReal = !isInteger(own[0]!);
  const type = isReal ? 'float' : 'int8_t';
  const sum = `${isReal ? 'float' : 'int32_t'} sum = 0;`;
  const inside = joined(sum, sumText(layers, own, isReal), finish, 'at += units;');
  const places = layers.isImage
    ? `const ${type} *from = x + unit / layer->units_per_group * layer->per_tap;
for (size_t oy = 0; oy < layer->window.out_height; oy++)
  for (size_t ox = 0; ox < layer->window.out_width; ox++) {
${indented(indented(inside))}
  }`
    : `const ${type} *from = x;
for (size_t rows = layer->rows; rows > 0; rows--, from += terms) {
${indented(inside)}
}`;
  return joined(
    ...(zero === '' ? [] : [zero]),
    layers.isImage && areDirect(own)
      ? 'const size_t terms = layer->terms;'
      : layers.isImage
        ? null
        : 'const size_t terms = layer->terms;',
    'const size_t units = layer->units;',
    areDirect(own) ? null : 'struct reader reader = {0};',
    `for (size_t unit = 0; unit < units; unit++) {`,
    indented(joined('size_t at = unit;', reading, places)),
    '}',
  );
}

/** The lines that find the row of a unit, or make it. */
function readingText(own: readonly Layer[]): string {
  const isReal = !isInteger(own[0]!);
  if (areDirect(own)) {
    const type = isReal ? 'float' : 'int8_t';
    return `const WHITTLE_FLASH ${type} *row = (const WHITTLE_FLASH ${type} *)layer->values + unit * terms;`;
  }
  return cased('layer->source', casesOf(own, sourceOf, readText));
}

function readText(layer: Layer): string {
  const { as, type } = layer;
  const read = decoderOf(layer);
  if (as === 'integers' || as === 'float32') return `${read}(layer, &reader, row);`;
  const short = type.replace('_t', '');
  const into = `${short}_row`;
  const made =
    as === 'levels' ? `levels_of_${short}(layer, unit, ${into}, row);` : `${as}_of_uint16(layer->terms, ${into}, row);`;
  return `${read}(layer, &reader, ${into});\n${made}`;
}

/** One row a finish: lines that write y[at]. */
const FINISHED: { readonly [K in Finish['kind']]: (scale: string, y: (type: string) => string) => string } = {
  requantize: (scale, y) =>
    `${y('int8_t')}[at] = clamped(nearest((float)(sum + layer->bias[unit]) * ${scale}) + layer->out_zero, layer->low, layer->high);`,
  whole: (_, y) => `{
  const size_t own = unit * layer->multiplier_step;
  const int32_t whole = scaled(sum + layer->bias[unit], layer->multipliers[own], layer->shifts[own]);
  ${y('int8_t')}[at] = requantized_whole(whole, layer->out_zero, layer->low, layer->high);
}`,
  dequantize: (scale, y) => `${y('float')}[at] = (float)(sum + layer->bias[unit]) * ${scale};`,
  dynamic: (scale, y) => `{
  const float real = (float)sum * (*x_scale * ${scale});
  ${y('float')}[at] = layer->real_bias ? real + layer->real_bias[unit] : real;
}`,
  real: () => '',
};

function integerRoutine(layers: Layers): string {
  const { integers, finishes, hasZero } = layers;
  const kinds = new Set(integers.map(({ product }) => product.finish.kind));
  const types = new Set([...kinds].map((kind) => (kind === 'requantize' || kind === 'whole' ? 'int8_t' : 'float')));
  const y = (type: string): string => (types.size === 1 ? 'y' : `((${type} *)y)`);
  const scale = finishes.hasManyScales
    ? `layer->scales[unit${finishes.hasOneScale ? ' * layer->scale_step' : ''}]`
    : 'layer->scale';
  const finish = cased(
    'layer->finish',
    casesOf(integers, kindOf, ({ product }) => FINISHED[product.finish.kind](scale, y)),
  );
  const isDynamic = kinds.has('dynamic');
  const zero = !hasZero
    ? ''
    : isDynamic
      ? 'const int zero = x_zero ? (int)*x_zero : layer->zero;'
      : 'const int zero = layer->zero;';
  const body = looped(layers, integers, readingText(integers), zero, finish);
  return `/* A layer of integers: of each unit the row of its kernel, and all sums with it. */
static void integer_layer(const WHITTLE_FLASH struct layer *layer, const int8_t *x${isDynamic ? ', const float *x_scale, const int32_t *x_zero' : ''}${areDirect(integers) ? '' : ', int8_t *row'}, ${types.size === 1 ? [...types][0] : 'void'} *y)
{
${indented(body)}
}`;
}

/** Parameters of a routine of real numbers: room for a row, and for what it is made of. */
export function roomsOf(reals: readonly Layer[]): string[] {
  if (areDirect(reals)) return [];
  const types = new Set(reals.flatMap(({ as, type }) => (as === 'float32' ? [] : [type])));
  return ['float', ...types];
}

function realRoutine(layers: Layers): string {
  const { reals } = layers;
  const rooms = roomsOf(reals).map((type) => `, ${type} *${type === 'float' ? '' : `${type.replace('_t', '')}_`}row`);
  const names = new Set(
    reals.map(({ product: { finish } }) => (finish.kind === 'real' ? finish.activation : 'linear')),
  );
  const isSome = names.size > 1;
  const hasBias = reals.some(({ product: { finish } }) => finish.bias !== null);
  const finish = joined(
    hasBias ? 'if (layer->real_bias) sum += layer->real_bias[unit];' : null,
    names.has('relu') || names.has('relu6')
      ? `if (${isSome && names.has('linear') ? 'layer->activation != LINEAR && ' : ''}sum < 0) sum = 0;`
      : null,
    names.has('relu6') ? `if (${isSome ? 'layer->activation == RELU6 && ' : ''}sum > 6) sum = 6;` : null,
    'y[at] = sum;',
  );
  return `/* A layer of real numbers: of each unit the row of its kernel, and all sums with it. */
static void real_layer(const WHITTLE_FLASH struct layer *layer, const float *x${rooms.join('')}, float *y)
{
${indented(looped(layers, reals, readingText(reals), '', finish))}
}`;
}
