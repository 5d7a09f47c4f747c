import { decoderOf } from './c-forms.ts';
import { areDirect, cased, casesOf, isInteger, kindOf, type Layers, sourceOf } from './c-kinds.ts';
import type { Layer } from './c-layer.ts';
import { indented, joined } from './c-text.ts';
import type { Finish } from './product.ts';

/** Routines that make real numbers of what is held. */
export function conversions(reals: readonly Layer[]): string[] {
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
export function summing(layers: Layers, own: readonly Layer[], type: 'int8_t' | 'float'): string {
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
      if (iy >= s->height || ix >= s->width) continue;
      const ${type} *from = x + (iy * s->width + ix) * s->channels;
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
      if (iy % s->stride_y != 0 || iy / s->stride_y >= s->height) continue;
      if (ix % s->stride_x != 0 || ix / s->stride_x >= s->width) continue;
      const ${type} *from = x + (iy / s->stride_y * s->width + ix / s->stride_x) * s->channels;
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

/** What lines of a finish go by, besides its layer. */
interface Finishing {
  readonly scale: string;
  /** The result, as a pointer to a type. */
  readonly y: (type: string) => string;
  readonly areCoded: boolean;
  /** Whether a layer that has real numbers for sums of integers has a bias as well. */
  readonly hasRealBias: boolean;
}

/** One row a finish: lines that write y[at]. */
const FINISHED: { readonly [K in Finish['kind']]: (finishing: Finishing) => string } = {
  requantize: ({ scale, y }) =>
    `${y('int8_t')}[at] = clamped(nearest((float)(sum + layer->bias[unit]) * ${scale}) + layer->out_zero, layer->low, layer->high);`,
  whole: ({ y, areCoded }) => `{
  const size_t own = ${areCoded ? 'layer->scale_of[unit]' : 'unit * layer->multiplier_step'};
  const int32_t whole = scaled(sum + layer->bias[unit], layer->multipliers[own], layer->shifts[own]);
  ${y('int8_t')}[at] = requantized_whole(whole, layer->out_zero, layer->low, layer->high);
}`,
  dequantize: ({ scale, y }) => `${y('float')}[at] = (float)(sum + layer->bias[unit]) * ${scale};`,
  dynamic: ({ scale, y, hasRealBias }) =>
    hasRealBias
      ? `{
  const float real = (float)sum * (*x_scale * ${scale});
  ${y('float')}[at] = layer->real_bias ? real + layer->real_bias[unit] : real;
}`
      : `${y('float')}[at] = (float)sum * (*x_scale * ${scale});`,
  real: () => '',
};

export function integerRoutine(layers: Layers): string {
  const { integers, finishes, hasZero } = layers;
  const kinds = new Set(integers.map(({ product }) => product.finish.kind));
  const types = new Set([...kinds].map((kind) => (kind === 'requantize' || kind === 'whole' ? 'int8_t' : 'float')));
  const y = (type: string): string => (types.size === 1 ? 'y' : `((${type} *)y)`);
  const { areCoded } = finishes;
  const own = areCoded ? 'layer->scale_of[unit]' : finishes.hasOneScale ? 'unit * layer->scale_step' : 'unit';
  const scale = areCoded || finishes.hasManyScales ? `layer->scales[${own}]` : 'layer->scale';
  const hasRealBias = integers.some(({ product: { finish } }) => finish.kind === 'dynamic' && finish.bias !== null);
  const finishing = { scale, y, areCoded, hasRealBias };
  const finish = cased(
    'layer->finish',
    casesOf(integers, kindOf, ({ product }) => FINISHED[product.finish.kind](finishing)),
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

export function realRoutine(layers: Layers): string {
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
