/** A text of at most so many characters, its middle left out: the end of a path tells more than its begin. */
export function elided(text: string, most: number): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  const begin = Math.floor((most - 1) / 3);
  return `${letters.slice(0, begin).join('')}…${letters.slice(letters.length - (most - 1 - begin)).join('')}`;
}

/** Characters of what many names share that are shown. */
const LONG = 40;

/** Names as they are shown, and what was left out, in words. */
export interface Shown {
  readonly names: readonly string[];
  readonly left: readonly string[];
}

/**
 * TensorFlow Lite calls a node that was fused of several `model/relu;model/norm;model/conv`: the first of them, which is the one that
 * gives the result, tells nodes apart, and where it does not, the last does. Folders and endings that most names share tell nothing.
 */
export function shortNames(names: readonly string[]): Shown {
  const parts = names.map((name) => name.split(';'));
  const firsts = countOf(parts.map(([first]) => first!));
  const alone = parts.map((each) => (firsts.get(each[0]!) === 1 ? each[0]! : each.at(-1)!));
  const begun = without(alone, /^\/?[^/]+\/(?=.)/);
  const ended = without(begun.names, /(?<=.)[/_][^/_]+$/);
  const gone = [begun.gone.join(''), [...ended.gone].reverse().join('')].filter((part) => part !== '');
  return {
    names: ended.names,
    left: [
      ...(gone.length > 0 ? [`without ${gone.map((part) => elided(part, LONG)).join(' and ')}`] : []),
      ...(parts.some(({ length }) => length > 1) ? ['one part of those with ; between parts'] : []),
    ],
  };
}

/** Folders, and endings, that are left out at most: a file may have names of a million of them. */
const DEPTH = 16;

/** Names without what a pattern finds, again and again, where most names have the same there and stay apart; what is gone. */
function without(
  names: readonly string[],
  pattern: RegExp,
): { readonly names: readonly string[]; readonly gone: readonly string[] } {
  const apart = new Set(names).size;
  const gone: string[] = [];
  let left = names;
  while (gone.length < DEPTH) {
    const found = left.map((name) => pattern.exec(name)?.[0] ?? '');
    const counts = [...countOf(found)].filter(([part]) => part !== '');
    const [part, count] = counts.reduce((most, each) => (each[1] > most[1] ? each : most), ['', 0]);
    const shorter = left.map((name, i) => (found[i] === part ? name.replace(pattern, '') : name));
    if (count < 2 || 2 * count < names.length || new Set(shorter).size !== apart) break;
    gone.push(part);
    left = shorter;
  }
  return { names: left, gone };
}

function countOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
