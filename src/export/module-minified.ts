/** Words of the language and of engines that modules use. */
const KNOWN = new Set(
  `const let function return export for of in if else while continue break throw new typeof null undefined true false NaN Infinity
  Array Object String Number Math Map RangeError TypeError Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array
  Float32Array Float64Array RegExp Date Set instanceof`.split(/\s+/),
);

/** A string, a comment, a word, a number, blanks, or one other character. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|[A-Za-z_]\w*|\d[\w.]*(?:(?<=\de)[-+]\d+)?|\s+|\+\+|--|[\s\S]/g;

const isWord = (token: string): boolean => /^[A-Za-z_]/.test(token);

/**
 * A module of `toModule` in fewer bytes: without comments and blanks, and with short names for all that is not seen from outside.
 * A name is replaced by the same one everywhere, and not where it may be that of a property, so scopes are as they were. It
 * knows the texts that modules are made of, which have no templates, no regular expressions, no line without its semicolon and no
 * loop without a body.
 */
export function minified(source: string): string {
  const solid = (source.match(TOKEN) ?? [])
    .filter((token) => !/^(\s|\/\/)/.test(token))
    .filter((token, i, all) => !(/^[,;]$/.test(token) && /^[\]}]$/.test(all[i + 1] ?? '')));
  const kept = new Set(KNOWN);
  const counts = new Map<string, number>();
  for (const [i, token] of solid.entries()) {
    if (!isWord(token)) continue;
    if (solid[i - 1] === '.' || solid[i + 1] === ':' || solid[i - 2] === 'export') kept.add(token);
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  const names = [...counts.keys()].filter((name) => !kept.has(name)).sort((a, b) => counts.get(b)! - counts.get(a)!);
  const free = shortNames(kept);
  const short = new Map(names.map((name) => [name, free.next().value]));
  let text = '';
  for (const token of solid)
    text += `${isBlankNeeded(text.at(-1) ?? '', token) ? ' ' : ''}${short.get(token) ?? token}`;
  return `${text}\n`;
}

/** Between words and numbers, and between signs that would be another one together. */
const isBlankNeeded = (before: string, token: string): boolean =>
  (/\w/.test(before) && /^\w/.test(token)) || (/[-+]/.test(before) && before === token[0]);

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Names by their length, without those that are taken. */
function* shortNames(taken: ReadonlySet<string>): Generator<string, never> {
  for (let n = 0; ; n++) {
    const rest = Math.floor(n / LETTERS.length);
    const name = LETTERS[n % LETTERS.length]! + (rest === 0 ? '' : String(rest));
    if (!taken.has(name)) yield name;
  }
}
