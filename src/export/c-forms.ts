import type { Layer } from './c-layer.ts';
import { constant, joined } from './c-text.ts';
import { type FormName, type Numbers, type Storage, type StorageOf, stored } from './storage.ts';

/** How C reads the numbers of kernels: a row at a time, which are those of a unit. */

/** What a decoder takes in flash, so that a form is taken where it saves more: bytes of Thumb-2 at -Os (arm-none-eabi-gcc 12). */
const CODE_BYTES: { readonly [F in FormName]: number } = {
  plain: 30,
  palette: 70,
  masked: 65,
  maskedPalette: 100,
  coded: 190,
};

const FORMS = Object.keys(CODE_BYTES) as FormName[];

/**
 * The numbers of layers, each in a form, so that numbers and decoders together take the fewest bytes. Numbers as they are run
 * faster, so that they stay unless that saves an eighth.
 */
export function chosen(lists: readonly Numbers[]): Storage[] {
  const made = lists.map((numbers) => {
    const plain = stored(numbers, ['plain']);
    const found = FORMS.map((form) => stored(numbers, ['plain', form])); // plain where there is no such form, or a larger one
    return { kind: plain.length === 0 ? '' : numbers.constructor.name, plain, found };
  });
  let best = made.map(({ plain }) => plain);
  let least = best.reduce((sum, { bytes }) => sum + bytes, 0) * (7 / 8);
  for (let set = 0; set < 1 << FORMS.length; set++) {
    const taken = made.map(({ plain, found }) =>
      found.reduce((a, b, i) => ((set >> i) & 1 && b.bytes < a.bytes ? b : a), plain),
    );
    const decoders = new Map(taken.map(({ form }, i) => [`${form} ${made[i]!.kind}`, CODE_BYTES[form]]));
    const code = [...decoders.values()].reduce((sum, bytes) => sum + bytes, 0);
    const bytes = taken.reduce((sum, storage) => sum + storage.bytes, code);
    if (bytes < least) {
      least = bytes;
      best = taken;
    }
  }
  return best;
}

type Fields = Readonly<Record<string, string>>;

/** One row a form: arrays, and what a layer knows of them. */
const FIELDS: {
  readonly [F in FormName]: (storage: StorageOf<F>, name: string) => { arrays: string[]; fields: Fields };
} = {
  plain: ({ values }, name) => ({
    arrays: [constant(`${name}_weights`, values)],
    fields: { values: `${name}_weights` },
  }),
  palette: ({ table, bits, codes }, name) => ({
    arrays: [constant(`${name}_table`, table), constant(`${name}_codes`, codes)],
    fields: { values: `${name}_table`, codes: `${name}_codes`, code_bits: String(bits) },
  }),
  masked: ({ mask, values }, name) => ({
    arrays: [constant(`${name}_weights`, some(values)), constant(`${name}_mask`, mask)],
    fields: { values: `${name}_weights`, mask: `${name}_mask` },
  }),
  maskedPalette: ({ mask, table, bits, codes }, name) => ({
    arrays: [
      constant(`${name}_table`, some(table)),
      constant(`${name}_codes`, codes.length === 0 ? Uint8Array.of(0) : codes),
      constant(`${name}_mask`, mask),
    ],
    fields: { values: `${name}_table`, codes: `${name}_codes`, code_bits: String(bits), mask: `${name}_mask` },
  }),
  coded: ({ gaps, places, table, held, stream }, name) => ({
    arrays: [
      constant(`${name}_table`, table),
      ...[gaps, places].map(({ counts, symbols }, i) =>
        constant(`${name}_${i === 0 ? 'gaps' : 'places'}`, Uint8Array.of(counts.length, ...counts, ...symbols)),
      ),
      constant(`${name}_stream`, stream),
    ],
    fields: {
      values: `${name}_table`,
      codes: `${name}_stream`,
      gaps: `${name}_gaps`,
      places: `${name}_places`,
      held: String(held),
    },
  }),
};

/** C has no array of nothing. */
const some = (numbers: Numbers): Numbers =>
  numbers.length > 0 ? numbers : (new (numbers.constructor as new (n: number) => Numbers)(1) as Numbers);

export const storageText = (storage: Storage, name: string): { arrays: string[]; fields: Fields } =>
  (FIELDS[storage.form] as (storage: Storage, name: string) => { arrays: string[]; fields: Fields })(storage, name);

/** Declarations of fields of a layer, in the order in which they stand. */
export const FORM_FIELDS: Fields = {
  values: 'const WHITTLE_FLASH void *values; /* numbers of the kernel, or those that it has */',
  mask: 'const WHITTLE_FLASH uint8_t *mask; /* a bit for each number, 1 where it is not 0 */',
  codes: 'const WHITTLE_FLASH uint8_t *codes; /* which of the values each is */',
  code_bits: 'uint8_t code_bits;',
  gaps: 'const WHITTLE_FLASH uint8_t *gaps, *places; /* prefix codes: how many of each length, and their symbols */',
  held: 'size_of held; /* numbers that are not 0 */',
};

const code = `/* Code number \`at\`, of 1, 2, 4 or 8 bits. */
static uint8_t code_at(const WHITTLE_FLASH struct layer *layer, uint32_t at)
{
  const unsigned bits = layer->code_bits;
  const unsigned in_byte = 8 / bits;
  return (uint8_t)((unsigned)layer->codes[at / in_byte] >> at % in_byte * bits & ((1u << bits) - 1));
}`;

const bits = `/* The next symbol of a canonical prefix code (Schwartz & Kallick 1964). */
static uint8_t symbol(const WHITTLE_FLASH struct layer *layer, struct reader *reader, const WHITTLE_FLASH uint8_t *code)
{
  const WHITTLE_FLASH uint8_t *symbols = code + 1 + *code;
  unsigned value = 0, first = 0;
  for (;;) {
    const unsigned count = *++code;
    value |= (unsigned)layer->codes[reader->bit >> 3] >> (7 - (reader->bit & 7)) & 1;
    reader->bit++;
    if (value - first < count) return symbols[value - first];
    symbols += count;
    first = (first + count) << 1;
    value <<= 1;
  }
}`;

/** What decoders of a form share, and the lines of one that fills \`row\` with numbers of a type. */
const DECODERS: {
  readonly [F in FormName]: { readonly shared: readonly string[]; readonly lines: (type: string) => string };
} = {
  plain: {
    shared: [],
    lines: () => `  for (size_t i = 0; i < terms; i++) row[i] = values[reader->at++];`,
  },
  palette: {
    shared: [code],
    lines: () => `  for (size_t i = 0; i < terms; i++) row[i] = values[code_at(layer, reader->at++)];`,
  },
  masked: {
    shared: [],
    lines: () => `  for (size_t i = 0; i < terms; i++, reader->at++)
    row[i] = layer->mask[reader->at >> 3] >> (reader->at & 7) & 1 ? values[reader->held++] : 0;`,
  },
  maskedPalette: {
    shared: [code],
    lines: () => `  for (size_t i = 0; i < terms; i++, reader->at++)
    row[i] = layer->mask[reader->at >> 3] >> (reader->at & 7) & 1 ? values[code_at(layer, reader->held++)] : 0;`,
  },
  coded: {
    shared: [bits],
    lines: () => `  const uint32_t end = (uint32_t)(reader->at + terms);
  memset(row, 0, terms * sizeof *row);
  for (; reader->held < layer->held; reader->held++, reader->next++) {
    uint8_t gap = 255;
    while (!reader->has_next) { /* 255 zeros have no number behind them */
      gap = symbol(layer, reader, layer->gaps);
      reader->next += gap;
      reader->has_next = gap != 255;
    }
    if (reader->next >= end) break;
    row[reader->next - reader->at] = values[symbol(layer, reader, layer->places)];
    reader->has_next = 0;
  }
  reader->at = end;`,
  },
};

const READER = `/* How far the numbers of a layer are read. */
struct reader {
  uint32_t at, held, next, bit; /* size_t has 16 bits on AVR, and zeros take few bytes */
  int has_next;
};`;

/** Which decoder a layer needs. */
export const decoderOf = ({ storage, type }: Pick<Layer, 'storage' | 'type'>): string =>
  `${storage.form === 'maskedPalette' ? 'masked_palette' : storage.form}_${type.replace('_t', '')}`;

/** Decoders of some layers, each once. */
export function decodersText(layers: readonly Layer[]): string {
  const shared = new Set<string>();
  const own = new Map<string, string>();
  for (const layer of layers) {
    const { form } = layer.storage;
    const decoder = DECODERS[form];
    for (const text of decoder.shared) shared.add(text);
    own.set(
      decoderOf(layer),
      joined(
        `static void ${decoderOf(layer)}(const WHITTLE_FLASH struct layer *layer, struct reader *reader, ${layer.type} *row)`,
        '{',
        `  const WHITTLE_FLASH ${layer.type} *values = layer->values;`,
        '  const size_t terms = layer->terms;',
        decoder.lines(layer.type),
        '}',
      ),
    );
  }
  return own.size === 0 ? '' : [READER, ...shared, ...own.values()].join('\n\n');
}
