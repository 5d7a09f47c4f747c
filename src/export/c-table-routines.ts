import type { Routines, TableName } from './c-routine.ts';
import { indented } from './c-text.ts';

/** A routine that looks rows of a table up: what it takes between its counts and the indices, and how it fills the row y. */
const rows = (name: TableName, parameters: string, fill: string, type = 'float'): { readonly text: string } => ({
  text: `/* Rows of a table. 1 where an index is outside of it. */
static int ${name}(int32_t entries, size_t units, size_t n, ${parameters}, const int32_t *x, ${type} *y)
{
  for (; n > 0; n--, x++, y += units) {
    if (*x < 0 || *x >= entries) return 1;
${indented(indented(fill))}
  }
  return 0;
}`,
});

/** Lines for each number of a row; \`at\` is its place in the table, which has more than 16 bits count where they are coded. */
const each = (lines: string): string => `for (size_t j = 0; j < units; j++) {
  const uint32_t at = (uint32_t)((uint32_t)*x * units + j);
${indented(lines)}
}`;

const plain = (name: TableName, type: string): { readonly text: string } =>
  rows(
    name,
    `const WHITTLE_FLASH ${type} *table`,
    'for (size_t j = 0; j < units; j++) y[j] = table[(size_t)*x * units + j];',
    type,
  );

const CODES = 'const WHITTLE_FLASH float *values, uint32_t bits, const WHITTLE_FLASH uint8_t *codes';
const CODE = 'values[(uint32_t)codes[at / (8 / bits)] >> at % (8 / bits) * bits & ((1u << bits) - 1)]';
const HALVES = 'const WHITTLE_FLASH uint16_t *table';

/** One row a form of tables. */
export const TABLES: Routines<TableName> = {
  gather: plain('gather', 'float'),
  gather_int8: plain('gather_int8', 'int8_t'),
  gather_coded: rows('gather_coded', CODES, each(`y[j] = ${CODE};`)),
  gather_levels: rows(
    'gather_levels',
    `${CODES},
                         const WHITTLE_FLASH float *scales, int32_t group`,
    `const WHITTLE_FLASH float *scale = scales + (size_t)(*x / group) * units;
${each(`y[j] = ${CODE} * scale[j];`)}`,
  ),
  gather_masked: rows(
    'gather_masked',
    `const WHITTLE_FLASH uint16_t *starts, const WHITTLE_FLASH uint8_t *mask,
                         const WHITTLE_FLASH float *values`,
    `const WHITTLE_FLASH float *next = values + starts[*x];
${each('y[j] = mask[at >> 3] >> (at & 7) & 1 ? *next++ : 0;')}`,
  ),
  gather_float16: rows(
    'gather_float16',
    HALVES,
    each(`const uint32_t size = table[at] & 0x7fffu;
const uint32_t bits = (size << 13) + (size < 0x7c00 ? 0x38000000u : 0x70000000u); /* infinite or NaN */
if (size < 0x400) y[j] = (float)size * 5.9604645e-8f; /* 2^-24 */
else memcpy(y + j, &bits, sizeof bits);
if (table[at] & 0x8000u) y[j] = -y[j];`),
  ),
  gather_bfloat16: rows(
    'gather_bfloat16',
    HALVES,
    each(`const uint32_t bits = (uint32_t)table[at] << 16;
memcpy(y + j, &bits, sizeof bits);`),
  ),
};
