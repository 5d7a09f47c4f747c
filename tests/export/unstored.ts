import {
  type FormName,
  HOP,
  type Numbers,
  type PrefixCode,
  type Storage,
  type StorageOf,
} from '../../src/export/storage.ts';

/** The numbers again: what decoders in exported C do, in the same order. */
export function unstored(storage: Storage): Numbers {
  return (UNSTORED[storage.form] as (storage: Storage) => Numbers)(storage);
}

const UNSTORED: { readonly [F in FormName]: (storage: StorageOf<F>) => Numbers } = {
  plain: ({ values }) => values,
  palette: ({ table, bits, codes, length }) => {
    const made = zeros(table, length);
    for (let i = 0; i < length; i++)
      made[i] = table[(codes[(i * bits) >> 3]! >> ((i * bits) & 7)) & ((1 << bits) - 1)]!;
    return made;
  },
  masked: ({ mask, values, length }) => spread(mask, values, length),
  maskedPalette({ mask, table, bits, codes, length }) {
    const held = mask.reduce(
      (sum, byte) => sum + [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).length,
      0,
    );
    const values = UNSTORED.palette({ form: 'palette', table, bits, codes, length: held, bytes: 0 });
    return spread(mask, values, length);
  },
  coded({ gaps, places, table, held, stream, length }) {
    const made = zeros(table, length);
    let bit = 0;
    const read = ({ counts, symbols }: PrefixCode): number => {
      for (let code = 0, first = 0, at = 0, i = 0; ; i++) {
        code += (stream[bit >> 3]! >> (7 - (bit++ & 7))) & 1;
        const count = counts[i]!;
        if (code - first < count) return symbols[at + code - first]!;
        at += count;
        first = (first + count) * 2;
        code *= 2;
      }
    };
    for (let at = 0, left = held; left > 0; ) {
      const gap = read(gaps);
      at += gap;
      if (gap === HOP) continue;
      made[at++] = table[read(places)]!;
      left--;
    }
    return made;
  },
};

const zeros = (like: Numbers, length: number): Numbers => new (like.constructor as new (n: number) => Numbers)(length);

function spread(mask: Uint8Array, values: Numbers, length: number): Numbers {
  const made = zeros(values, length);
  for (let i = 0, at = 0; i < length; i++) if ((mask[i >> 3]! >> (i & 7)) & 1) made[i] = values[at++]!;
  return made;
}
