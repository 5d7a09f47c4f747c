import { double, FUNCTIONS } from './c-functions.ts';
import type {
  ElementwiseName,
  FunctionName,
  PoolName,
  RealName,
  Routine,
  RoutineName,
  Routines,
  RowName,
} from './c-routine.ts';

/** A kernel that takes number by number. `of` is the function in C. */
const each = (name: string, of: string, needs: readonly RoutineName[] = [], isDouble = true): Routine => ({
  needs,
  ...(isDouble ? { isDouble } : {}),
  text: `static void each_${name}(size_t n, const float *x, float *y)
{
  for (size_t i = 0; i < n; i++) y[i] = ${of};
}`,
});
type Of64<N> = N extends `${infer Name}64` ? Name : never;
const inDouble = (name: Of64<FunctionName>): Routine => each(name, `(float)${name}64(x[i])`, [`${name}64`]);

const ELEMENTWISE: Routines<ElementwiseName> = {
  each_relu: each('relu', 'x[i] < 0 ? 0 : x[i]', [], false),
  each_relu6: each('relu6', 'x[i] > 6 ? 6 : x[i] < 0 ? 0 : x[i]', [], false),
  each_leaky_relu: {
    text: `static void each_leaky_relu(size_t n, const float *x, float slope, float *y)
{
  for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? slope * x[i] : x[i];
}`,
  },
  each_elu: {
    needs: ['expm1_64'],
    isDouble: true,
    text: `static void each_elu(size_t n, const float *x, float alpha, float *y)
{
  for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? (float)(alpha * expm1_64(x[i])) : x[i];
}`,
  },
  each_gelu: inDouble('gelu'),
  each_gelu_tanh: inDouble('gelu_tanh'),
  each_sigmoid: inDouble('sigmoid'),
  each_tanh: inDouble('tanh'),
  each_softplus: inDouble('softplus'),
  each_silu: inDouble('silu'),
  each_hard_swish: inDouble('hard_swish'),
  each_exp: inDouble('exp'),
};

const TOTAL = 'lanes[0] + lanes[4] + (lanes[2] + lanes[6]) + (lanes[1] + lanes[5] + (lanes[3] + lanes[7]))';

const ROWS: Routines<RowName> = {
  sum_of: double(`/* Eight sums of every eighth number, added as a tree. */
static double sum_of(size_t n, const float *x, size_t step)
{
  double lanes[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  for (size_t r = 0; r < n; r++) lanes[r & 7] += x[r * step];
  return ${TOTAL};
}`),
  max_of: {
    text: `/* NaN wins; a 0 is +0. */
static float max_of(size_t n, const float *x, size_t step)
{
  float most = x[0];
  for (size_t r = 1; r < n; r++)
    if (x[r * step] > most || x[r * step] != x[r * step]) most = x[r * step];
  return most + 0.0f;
}`,
  },
  exp_sum_of: double(
    `static float exp_sum_of(size_t n, const float *x, float most)
{
  double lanes[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  for (size_t r = 0; r < n; r++) lanes[r & 7] += (double)(float)exp64(x[r] - most);
  return (float)(${TOTAL});
}`,
    'exp64',
  ),
  softmax: double(
    `static void softmax(size_t rows, size_t n, const float *x, float *y)
{
  for (; rows > 0; rows--, x += n, y += n) {
    const float most = max_of(n, x, 1);
    const float sum = exp_sum_of(n, x, most);
    for (size_t i = 0; i < n; i++) y[i] = (float)exp64(x[i] - most) / sum;
  }
}`,
    'max_of',
    'exp_sum_of',
  ),
  log_softmax: double(
    `static void log_softmax(size_t rows, size_t n, const float *x, float *y)
{
  for (; rows > 0; rows--, x += n, y += n) {
    const float most = max_of(n, x, 1);
    const float log_sum = (float)log64(exp_sum_of(n, x, most));
    for (size_t i = 0; i < n; i++) y[i] = x[i] - most - log_sum;
  }
}`,
    'max_of',
    'exp_sum_of',
    'log64',
  ),
  reduce_max: {
    needs: ['max_of'],
    text: `static void reduce_max(size_t outer, size_t n, size_t inner, const float *x, float *y)
{
  for (; outer > 0; outer--, x += n * inner)
    for (size_t i = 0; i < inner; i++) *y++ = max_of(n, x + i, inner);
}`,
  },
  reduce_sum: double(
    `static void reduce_sum(size_t outer, size_t n, size_t inner, const float *x, double divisor, float *y)
{
  for (; outer > 0; outer--, x += n * inner)
    for (size_t i = 0; i < inner; i++) *y++ = (float)(sum_of(n, x + i, inner) / divisor);
}`,
    'sum_of',
  ),
  square_root: {
    text: `/* The float32 nearest to the root: 25 of its bits, one by one, and what is left says which of two. */
static float square_root(float x)
{
  uint32_t bits, root = 0;
  uint64_t rest = 0, part;
  int e, shift;
  if (!(x > 0) || x > 3.4028235e38f) return x;
  memcpy(&bits, &x, sizeof bits);
  e = (int)(bits >> 23) - 150;
  bits = e == -150 ? bits << 1 : (bits & 0x7fffff) | 0x800000; /* x = bits * 2^e */
  for (; bits < 0x800000; e--) bits <<= 1;
  shift = e & 1 ? 25 : 26;
  part = (uint64_t)bits << shift; /* x = part * 2^(e - shift), of which half is whole */
  for (int i = 48; i >= 0; i -= 2) {
    rest = rest << 2 | (part >> i & 3);
    root <<= 1;
    if (rest > (uint64_t)root << 1) {
      rest -= ((uint64_t)root << 1) + 1;
      root++;
    }
  }
  root += root & 1; /* to 24 bits; never half of the way, since the square of that has more bits than x */
  bits = (uint32_t)((e - shift) / 2 + 150) << 23;
  bits += root >> 1; /* its highest bit adds 1 to the exponent, and so does what overflows */
  memcpy(&x, &bits, sizeof x);
  return x;
}`,
  },
  standardize: double(
    `static void standardize(size_t rows, size_t n, const float *x, float epsilon, float *y)
{
  for (; rows > 0; rows--, x += n, y += n) {
    const double mean = sum_of(n, x, 1) / (double)n;
    double lanes[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    float variance, inverse;
    for (size_t r = 0; r < n; r++) lanes[r & 7] += (x[r] - mean) * (x[r] - mean);
    variance = (float)((${TOTAL}) / (double)n);
    inverse = 1.0f / square_root(variance + epsilon);
    for (size_t r = 0; r < n; r++) y[r] = (x[r] - (float)mean) * inverse;
  }
}`,
    'sum_of',
    'square_root',
  ),
  normalize: {
    isContracted: true,
    text: `static void normalize(size_t rows, size_t n, const float *x, const WHITTLE_FLASH float *mean,
                      const WHITTLE_FLASH float *scale, const WHITTLE_FLASH float *beta, float *y)
{
  for (; rows > 0; rows--)
    for (size_t i = 0; i < n; i++, x++, y++) {
      const float scaled_x = (*x - mean[i]) * scale[i];
      *y = beta ? scaled_x + beta[i] : scaled_x;
    }
}`,
  },
  add: {
    text: `static void add(size_t n, const float *a, const float *b, float *y)
{
  for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}`,
  },
  add_to_rows: {
    text: `static void add_to_rows(size_t rows, size_t n, const float *x, const WHITTLE_FLASH float *row, float *y)
{
  for (; rows > 0; rows--)
    for (size_t i = 0; i < n; i++) *y++ = *x++ + row[i];
}`,
  },
  multiply_rows: {
    text: `static void multiply_rows(size_t rows, size_t n, const float *x, const WHITTLE_FLASH float *row, float *y)
{
  for (; rows > 0; rows--)
    for (size_t i = 0; i < n; i++) *y++ = *x++ * row[i];
}`,
  },
  fill: {
    text: `static void fill(size_t n, float value, float *y)
{
  for (size_t i = 0; i < n; i++) y[i] = value;
}`,
  },
};

const tapped = (loop: string): string => `        for (size_t ky = 0; ky < s->kernel_height; ky++) {
          const size_t iy = oy * s->stride_y + ky * s->dilation_y - s->pad_top; /* above the image it wraps: too large */
          for (size_t kx = 0; iy < s->height && kx < s->kernel_width; kx++) {
            const size_t ix = ox * s->stride_x + kx * s->dilation_x - s->pad_left;
            float tap;
            if (ix >= s->width) continue;
            tap = x[(iy * s->width + ix) * channels + c];
${loop}
          }
        }`;

const POOLS: Routines<PoolName> = {
  max_pool: {
    needs: ['window'],
    text: `/* NaN wins; a 0 is +0. */
static void max_pool(const WHITTLE_FLASH struct window *s, const float *x, float *y)
{
  const size_t channels = s->channels;
  for (size_t oy = 0; oy < s->out_height; oy++)
    for (size_t ox = 0; ox < s->out_width; ox++)
      for (size_t c = 0; c < channels; c++) {
        float most = 0;
        int has_one = 0;
${tapped(`            if (!has_one || tap > most || tap != tap) most = tap;
            has_one = 1;`)}
        *y++ = most + 0.0f;
      }
}`,
  },
  avg_pool: {
    needs: ['window'],
    isDouble: true,
    text: `static void avg_pool(const WHITTLE_FLASH struct window *s, const float *x, float *y)
{
  const size_t channels = s->channels;
  for (size_t oy = 0; oy < s->out_height; oy++)
    for (size_t ox = 0; ox < s->out_width; ox++)
      for (size_t c = 0; c < channels; c++) {
        double lanes[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        size_t count = 0;
${tapped('            lanes[count++ & 7] += tap;')}
        *y++ = (float)((${TOTAL}) / (double)count);
      }
}`,
  },
};

/** Routines of real numbers. */
export const REAL_ROUTINES: Routines<RealName> = { ...FUNCTIONS, ...ELEMENTWISE, ...ROWS, ...POOLS };
