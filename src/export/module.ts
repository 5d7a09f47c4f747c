import { checkFlag, checkText, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { entriesFor } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { type Argument, type Call, isReference, type Listing, listingOf } from './listing.ts';
import type { Coded } from './module-coder.ts';
import { type ModuleEncoder, predictText } from './module-encoder.ts';
import { HELPERS } from './module-helpers.ts';
import { KERNELS } from './module-kernels.ts';
import { minified } from './module-minified.ts';
import { literal, Numbers } from './module-numbers.ts';
import { escaped, portsText, runText, testText, typesText } from './module-ports.ts';
import { productCall, type Writer } from './module-products.ts';
import type { Product } from './product.ts';
import { testDigest } from './self-test.ts';

/** What `toModule` takes besides the network. */
export interface ModuleOptions {
  /** What the module calls itself in the first line of its types, and of a text to read; default: `A network`. */
  readonly name?: string;
  /** Fewer bytes: no comments and blanks, and short names. False: a text to read. Default: true. */
  readonly minify?: boolean;
  /**
   * What made the numbers that the network was trained on: a fitted `TableEncoder`, `StandardScaler` or `MinMaxScaler`, or the JSON
   * of one. Then the module exports `predict` too: from a row of the table, an object of columns, to what it says there, a number
   * or a label with the probabilities of all `classes`, and from a list of rows to a list of these; of a scaler from numbers as they
   * were measured to the network's. Cells are read as `tableOf` reads them; a number may be written in another way as well, where
   * it is one number in every way that fits. Default: none.
   */
  readonly encoder?: ModuleEncoder;
  /**
   * Texts that mean a missing cell in rows that `predict` of a `TableEncoder` takes, as `na` of `readCSV` in training; an empty one
   * always does. Default: `MISSING`, the usual ones.
   */
  readonly na?: readonly string[];
}

/** A network as source code. */
export interface ModuleText {
  /** The text of an ES module. */
  readonly source: string;
  /** Its types, as the text of a `.d.ts` file. */
  readonly types: string;
}

/**
 * A network as an ES module that needs nothing else: its weights, in a string, and the loops that it takes, no more. It runs
 * in Node, browsers, workers, Deno, Bun and workerd, also where a policy forbids `eval` and WebAssembly, and its answers are
 * those of the engine to the bit.
 *
 * The module exports `inputs` and `outputs`, which are their names and shapes; `run`, from the numbers of one sample or of
 * several, one behind the other, to a `Float32Array` of results (a list of arrays to a list for a network with several inputs or
 * outputs, an `Int32Array` of one that is an input of whole numbers); and `selfTest`, whether it computes what the engine did when
 * it was made. Weights stay as few bytes as they are: zeros and what is shared take next to nothing, and integers as many bits as
 * they tell.
 *
 * Throws what `compileNetwork` throws, ValueError for an encoder that is none and an empty name, and StateError, which names the node, for what a
 * module cannot do: windows with weights that are no finite numbers, an input without numbers.
 *
 * @example
 * const network = quantize(model, { calibration: x });
 * const { source, types } = toModule(network, { name: 'Quality of houses' });
 * toModule(network, { minify: false }).source.length > source.length; // true
 * types.includes('Quality of houses, made by whittle-ml'); // true
 * types.includes('run(input: ArrayLike<number>): Float32Array'); // true
 * await writeFileAtomic(path, source);
 */
export function toModule(network: Graph<Stored>, options: ModuleOptions = {}): ModuleText {
  checkOptions('toModule', options, 'name minify encoder na');
  const { name = 'A network', minify = true, encoder, na } = options;
  checkText('toModule', 'name', name);
  if (name === '') throw new ValueError('toModule', 'name', 'a text that is not empty', name);
  checkFlag('toModule', 'minify', minify);
  if (na !== undefined && !(Array.isArray(na) && na.every((mark) => typeof mark === 'string')))
    throw new ValueError('toModule', 'na', 'a list of texts', na);
  const listing = listingOf('toModule', network);
  const predicting = encoder === undefined ? null : predictText(encoder, listing, na);
  const numbers = new Numbers();
  const defined = new Map<string, string>();
  const calls = callsOf(listing, {
    constant: (given, hint) => numbers.constant(given, hint),
    made: (expression, hint) => numbers.made(expression, hint),
    define: (title, text) => void defined.set(title, text),
  });
  const places = listing.places.map(({ type, length }, i) => `v${i} = new ${CLASSES[type]}(${length})`);
  const entries = network.inputs.map((input) => (input.dtype === 'int32' ? entriesFor(network, input.name) : null));
  const own = [
    ...numbers.lines,
    ...(places.length === 0 ? [] : [`const ${places.join(', ')};`]),
    `function compute() {\n${calls.join('\n')}\n}`,
    portsText(listing),
    runText(listing, entries),
    testText(listing, entries, testDigest(network)),
    ...(predicting?.source ?? []),
  ];
  const digits = numbers.digits();
  const text = [...defined.values(), ...own];
  const source = [
    `// ${escaped(name)}, by whittle-ml: its answers are those of the engine, to the bit.`,
    ...(numbers.lines.some((line) => line.includes('read(')) ? [`const digits = "${digits}";`] : []),
    ...helpersOf(text),
    ...text,
  ].join('\n');
  return {
    source: minify ? minified(source) : `${source}\n`,
    types: [typesText(listing, name), ...(predicting?.types ?? []).map((line) => `${line}\n`)].join(''),
  };
}

const CLASSES = { float32: 'Float32Array', int8: 'Int8Array', int32: 'Int32Array' } as const;

/** Statements, one a call, each with the name of its layer where it has one. */
function callsOf({ calls, constants }: Listing, writer: Writer): string[] {
  const textOf = (arg: Argument): string => {
    if (isReference(arg))
      return arg.in === 'places' ? `v${arg.at}` : writer.constant(constants[arg.at] as Coded, 'numbers');
    if (typeof arg === 'number') return literal(arg);
    return Array.isArray(arg) ? `[${arg.join(', ')}]` : String(arg);
  };
  return calls.map(({ kernel, args }: Call) => {
    if (kernel !== 'product') return `  ${KERNELS[kernel](args, args.map(textOf))};`;
    const [product, x, scale, zeroPoint, y] = args as readonly [Product, ...Argument[]];
    const places = [x, scale, zeroPoint, y].map(textOf) as [string, string, string, string];
    return `  // ${escaped(product.name)}\n  ${productCall(product, places, writer)}`;
  });
}

/** Names that are called, constants, and functions that are handed on. */
const WORDS = /(?<![.\w])(?:[A-Z\d]{4,}\b|[a-zA-Z]\w*(?=\()|(?<=, )[a-zA-Z]\w*(?=\);))/g;

/** Strings and comments, whose words call nothing. */
const NO_CODE = /"(?:[^"\\]|\\.)*"|\/\/.*/g;

/** The helpers that texts use, and those that these use, each once: constants, then functions. */
function helpersOf(texts: readonly string[]): string[] {
  const found = new Set<string>();
  const look = (text: string): void => {
    for (const [word] of text.replace(NO_CODE, '').matchAll(WORDS)) {
      if (!Object.hasOwn(HELPERS, word) || found.has(word)) continue;
      found.add(word);
      look(HELPERS[word]!);
    }
  };
  texts.forEach(look);
  return Object.entries(HELPERS).flatMap(([name, text]) => (found.has(name) ? [text] : []));
}
