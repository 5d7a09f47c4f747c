import { REAL_ROUTINES } from './c-reals.ts';
import type { IntegerName, RoutineName, Routines } from './c-routine.ts';
import { TABLES } from './c-table-routines.ts';

/** Routines of whole numbers, and those that make them. */
const INTEGER_ROUTINES: Routines<IntegerName> = {
  window: {
    text: `/* Where a window goes over an image whose channels lie side by side. */
struct window {
  size_of channels, height, width, out_height, out_width, kernel_height, kernel_width;
  size_of stride_y, stride_x, dilation_y, dilation_x, pad_top, pad_left;
};`,
  },
  nearest: {
    text: `/* The nearest whole number, of two the even one; 16384 for all that are larger. By bits alone: no mode of rounding and
   no compiler changes it. */
static int nearest(float x)
{
  uint32_t bits, whole, rest;
  int shift;
  memcpy(&bits, &x, sizeof bits);
  shift = 150 - (int)((bits >> 23) & 255); /* x is its 24 bits divided by 2^shift */
  if (shift > 24) return 0;
  if (shift < 10) return bits >> 31 ? -16384 : 16384;
  whole = (bits & 0x7fffff) | 0x800000;
  rest = whole << (32 - shift);
  whole >>= shift;
  if (rest > 0x80000000u || (rest == 0x80000000u && (whole & 1))) whole++;
  return bits >> 31 ? -(int)whole : (int)whole;
}`,
  },
  clamped: {
    text: `static int8_t clamped(int x, int low, int high)
{
  return (int8_t)(x < low ? low : x > high ? high : x);
}`,
  },
  quantized: {
    needs: ['nearest', 'clamped'],
    text: `static int8_t quantized(float x, int zero)
{
  return x != x ? (int8_t)zero : clamped(nearest(x) + zero, -128, 127);
}`,
  },
  scaled: {
    text: `/* x * multiplier * 2^(shift - 31), rounded twice as TFLite does: to the nearest, half up, then half away from 0. */
static int32_t scaled(int32_t x, int32_t multiplier, int shift)
{
  const uint32_t wide = shift > 0 ? (uint32_t)x << shift : (uint32_t)x;
  const int32_t high = (int32_t)(((int64_t)(int32_t)wide * multiplier + ((int64_t)1 << 30)) >> 31);
  uint32_t size = high < 0 ? 0u - (uint32_t)high : (uint32_t)high;
  if (shift < 0) size = (size + ((uint32_t)1 << (-shift - 1))) >> -shift;
  return high < 0 ? -(int32_t)size : (int32_t)size;
}`,
  },
  requantized_whole: {
    needs: ['clamped'],
    text: `static int8_t requantized_whole(int32_t x, int zero, int low, int high)
{
  return clamped((int)(x < -512 ? -512 : x > 512 ? 512 : x) + zero, low, high);
}`,
  },
  quantize: {
    needs: ['quantized'],
    text: `static void quantize(size_t n, const float *x, float scale, int zero, int8_t *y)
{
  for (size_t i = 0; i < n; i++) y[i] = quantized(x[i] / scale, zero);
}`,
  },
  dequantize: {
    text: `static void dequantize(size_t n, const int8_t *x, float scale, int zero, float *y)
{
  for (size_t i = 0; i < n; i++) y[i] = (float)(x[i] - zero) * scale;
}`,
  },
  quantize_rows: {
    needs: ['quantized'],
    text: `/* All numbers in a format between the least and the greatest; of NaN and infinite ones a scale that is NaN. */
static void quantize_rows(size_t n, const float *x, float *scale, int32_t *zero, int8_t *y)
{
  float low = 0, high = 0, step;
  for (size_t i = 0; i < n; i++) {
    if (x[i] < low || x[i] != x[i]) low = x[i];
    if (x[i] > high || x[i] != x[i]) high = x[i];
  }
  step = (high - low) / 255.0f;
  *zero = 0;
  if (!(step <= 3.4028235e38f)) {
    *scale = step - step;
    memset(y, 0, n);
    return;
  }
  if (step < 7.8886091e-31f) step = 1.0f; /* 2^-100 */
  else *zero = clamped(nearest(-(low / step)) - 128, -128, 127);
  *scale = step;
  for (size_t i = 0; i < n; i++) y[i] = quantized(x[i] / step, (int)*zero);
}`,
  },
  look_up: {
    text: `static void look_up(size_t n, const int8_t *x, const WHITTLE_FLASH int8_t *table, int8_t *y)
{
  for (size_t i = 0; i < n; i++) y[i] = table[x[i] + 128];
}`,
  },
  add_int8: {
    needs: ['quantized'],
    isContracted: true,
    text: `static void add_int8(size_t n, const int8_t *a, float a_scale, int a_zero, const int8_t *b, float b_scale, int b_zero,
                     float scale, int zero, int8_t *y)
{
  for (size_t i = 0; i < n; i++) {
    const float first = (float)(a[i] - a_zero) * a_scale;
    const float second = (float)(b[i] - b_zero) * b_scale;
    y[i] = quantized((first + second) / scale, zero);
  }
}`,
  },
  add_int8_whole: {
    needs: ['scaled', 'requantized_whole'],
    text: `static void add_int8_whole(size_t n, const int8_t *a, int a_zero, int32_t a_multiplier, int a_shift,
                           const int8_t *b, int b_zero, int32_t b_multiplier, int b_shift,
                           int32_t multiplier, int shift, int zero, int8_t *y)
{
  for (size_t i = 0; i < n; i++) {
    const int32_t first = scaled((int32_t)(a[i] - a_zero) * 1048576, a_multiplier, a_shift);
    const int32_t second = scaled((int32_t)(b[i] - b_zero) * 1048576, b_multiplier, b_shift);
    y[i] = requantized_whole(scaled(first + second, multiplier, shift), zero, -128, 127);
  }
}`,
  },
  add_int8_shifted: {
    needs: ['requantized_whole'],
    text: `static void add_int8_shifted(size_t n, const int8_t *a, int32_t a_multiplier, const int8_t *b, int32_t b_multiplier,
                             int32_t bias, int shift, int zero, int8_t *y)
{
  for (size_t i = 0; i < n; i++) {
    const int32_t sum = a[i] * a_multiplier + b[i] * b_multiplier + bias;
    y[i] = requantized_whole(sum < 0 ? ~(~sum >> shift) : sum >> shift, zero, -128, 127);
  }
}`,
  },
  max_pool_int8: {
    needs: ['window'],
    text: `static void max_pool_int8(const WHITTLE_FLASH struct window *s, const int8_t *x, int8_t *y)
{
  const size_t channels = s->channels;
  for (size_t oy = 0; oy < s->out_height; oy++)
    for (size_t ox = 0; ox < s->out_width; ox++)
      for (size_t c = 0; c < channels; c++) {
        int8_t most = -128;
        for (size_t ky = 0; ky < s->kernel_height; ky++) {
          const size_t iy = oy * s->stride_y + ky * s->dilation_y - s->pad_top; /* above the image it wraps: too large */
          for (size_t kx = 0; iy < s->height && kx < s->kernel_width; kx++) {
            const size_t ix = ox * s->stride_x + kx * s->dilation_x - s->pad_left;
            if (ix < s->width && x[(iy * s->width + ix) * channels + c] > most)
              most = x[(iy * s->width + ix) * channels + c];
          }
        }
        *y++ = most;
      }
}`,
  },
  avg_pool_int8: {
    needs: ['window', 'quantized'],
    text: `static void avg_pool_int8(const WHITTLE_FLASH struct window *s, const int8_t *x, int x_zero, float ratio, int zero, int8_t *y)
{
  const size_t channels = s->channels;
  for (size_t oy = 0; oy < s->out_height; oy++)
    for (size_t ox = 0; ox < s->out_width; ox++)
      for (size_t c = 0; c < channels; c++) {
        int32_t sum = 0, count = 0;
        for (size_t ky = 0; ky < s->kernel_height; ky++) {
          const size_t iy = oy * s->stride_y + ky * s->dilation_y - s->pad_top; /* above the image it wraps: too large */
          for (size_t kx = 0; iy < s->height && kx < s->kernel_width; kx++) {
            const size_t ix = ox * s->stride_x + kx * s->dilation_x - s->pad_left;
            if (ix >= s->width) continue;
            sum += x[(iy * s->width + ix) * channels + c] - x_zero;
            count++;
          }
        }
        *y++ = quantized((float)sum / (float)count * ratio, zero);
      }
}`,
  },
  avg_pool_int8_whole: {
    needs: ['window'],
    text: `static void avg_pool_int8_whole(const WHITTLE_FLASH struct window *s, const int8_t *x, int8_t *y)
{
  const size_t channels = s->channels;
  for (size_t oy = 0; oy < s->out_height; oy++)
    for (size_t ox = 0; ox < s->out_width; ox++)
      for (size_t c = 0; c < channels; c++) {
        int32_t sum = 0, count = 0;
        for (size_t ky = 0; ky < s->kernel_height; ky++) {
          const size_t iy = oy * s->stride_y + ky * s->dilation_y - s->pad_top; /* above the image it wraps: too large */
          for (size_t kx = 0; iy < s->height && kx < s->kernel_width; kx++) {
            const size_t ix = ox * s->stride_x + kx * s->dilation_x - s->pad_left;
            if (ix >= s->width) continue;
            sum += x[(iy * s->width + ix) * channels + c];
            count++;
          }
        }
        /* quotients of C are cut off towards 0 */
        *y++ = (int8_t)((sum + (sum < 0 ? -(count / 2) : count / 2)) / count);
      }
}`,
  },
};

export const ROUTINES: Routines<RoutineName> = { ...INTEGER_ROUTINES, ...REAL_ROUTINES, ...TABLES };

/** Some routines and all that they need, each behind what it needs. */
export function namesOf(names: Iterable<RoutineName>): RoutineName[] {
  const found = new Set<RoutineName>();
  const take = (name: RoutineName): void => {
    if (found.has(name)) return;
    for (const other of ROUTINES[name].needs ?? []) take(other);
    found.add(name);
  };
  for (const name of names) take(name);
  return [...found];
}
