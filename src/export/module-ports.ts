import type { ListedPort, Listing } from './listing.ts';

/** What an exported module has to the outside, as text. */

/** The names and shapes of what it takes and gives. */
export function portsText({ inputs, outputs }: Listing): string {
  const list = (ports: readonly ListedPort[]): string =>
    `[${ports.map(({ name, shape }) => `{ name: ${text(name)}, shape: [${shape.join(', ')}] }`).join(', ')}]`;
  return `export const inputs = ${list(inputs)};\nexport const outputs = ${list(outputs)};`;
}

/** Plain data as source code, also within a page. */
export const text = (value: object | string | number | boolean): string => escaped(JSON.stringify(value));

/** Without what ends a line, a script of a page, or a text in UTF-8: such letters by their codes. */
export const escaped = (value: string): string =>
  value.replace(
    /<(?=[/!s])|[\n\r\u2028\u2029]|\p{Cs}/giu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A text in a comment of types. */
export const inDoc = (value: string): string => escaped(value).replaceAll('*/', '* /');

const isSingle = ({ inputs, outputs }: Listing): boolean => inputs.length === 1 && outputs.length === 1;

/** What numbers of an output are in: an input of int32 may be one. */
const arrayOf = ({ type }: ListedPort): string => (type === 'int32' ? 'Int32Array' : 'Float32Array');

/** Samples in order: the place of each input is filled, and that of each output read. Tables have so many entries. */
export function runText(listing: Listing, entries: readonly (number | null)[]): string {
  const { inputs, outputs, places } = listing;
  const single = isSingle(listing);
  const given = (i: number): string => (single ? 'input' : `inputs[${i}]`);
  const result = (i: number): string => (single ? 'output' : `outputs[${i}]`);
  const asked = inputs.map(({ size, name }, i) => `samplesOf(${given(i)}, ${size}, ${text(`run: input "${name}"`)})`);
  const checks = asked.slice(1).map((samples, i) => {
    const problem = `run: input "${inputs[i + 1]!.name}" takes as many samples as the first, got numbers: `;
    return `  if (${samples} !== samples) throw new RangeError(${text(problem)} + ${given(i + 1)}.length);`;
  });
  const lists = `  if (inputs?.length !== ${inputs.length}) throw new RangeError("run: takes a list of ${inputs.length} inputs");\n`;
  const fills = inputs.map(({ place, size, name }, i) => {
    const number = `${given(i)}[${size} * i + j]`;
    const copy = `v${place}[j] = ${number};`;
    const most = entries[i];
    if (most === null || most === undefined) return `    for (let j = 0; j < ${size}; j++) ${copy}`;
    const isOther = most === Infinity ? '' : ` || !(v${place}[j] >= 0 && v${place}[j] < ${most})`;
    const wanted = `no whole number ${most === Infinity ? 'of 32 bits' : `from 0 to ${most - 1}`}`;
    return `    for (let j = 0; j < ${size}; j++) {
      ${copy}
      if (v${place}[j] !== ${number}${isOther})
        throw new RangeError("run: number " + j + " of sample " + i + ${text(` of input "${name}" is ${wanted}: `)} + ${number});
    }`;
  });
  const takes = outputs.map(({ place, size }, i) => {
    const whole = places[place]!.length === size;
    return `    ${result(i)}.set(v${place}${whole ? '' : `.subarray(0, ${size})`}, ${size} * i);`;
  });
  const made = outputs.map((port) => `new ${arrayOf(port)}(${port.size} * samples)`);
  return `// Samples one behind the other.
export function run(${single ? 'input' : 'inputs'}) {
${single ? '' : lists}  const samples = ${asked[0]};
${checks.map((check) => `${check}\n`).join('')}  const ${single ? `output = ${made[0]}` : `outputs = [${made.join(', ')}]`};
  for (let i = 0; i < samples; i++) {
${fills.join('\n')}
    compute();
${takes.join('\n')}
  }
  return ${single ? 'output' : 'outputs'};
}`;
}

/** Whether the digest of the answers to what a generator of integers asks is that of the engine. */
export function testText(listing: Listing, entries: readonly (number | null)[], digest: number): string {
  const asked = listing.inputs.map(({ size }, i) => {
    const made = entries[i] === null ? 'next() / 8192' : `(next() & 65535) % ${entries[i]}`;
    return `Float32Array.from({ length: ${size} }, () => ${made})`;
  });
  const single = isSingle(listing);
  return `// Whether made-up numbers get the answers that the engine gave.
export function selfTest() {
  let state = 1, hash = 2166136261;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) | 0) >> 16;
  ${single ? `const y = run(${asked[0]});` : `for (const y of run([${asked.join(', ')}]))`}
  ${single ? '' : '  '}for (const byte of new Uint8Array(y.map((v) => v || 0).buffer)) hash = Math.imul(hash ^ byte, 16777619);
  return hash === ${digest | 0};
}`;
}

/** The types of all this. */
export function typesText(listing: Listing, name: string): string {
  const { inputs, outputs } = listing;
  const single = isSingle(listing);
  const list = (ports: readonly ListedPort[]): string =>
    `readonly [${ports
      .map((port) => `{ readonly name: ${text(port.name)}; readonly shape: readonly [${port.shape.join(', ')}] }`)
      .join(', ')}]`;
  const of = (ports: readonly ListedPort[]): string => ports.map(({ size }) => size).join(' and ');
  const many = (types: readonly string[]): string => `readonly [${types.join(', ')}]`;
  const lists = inputs.map(() => 'ArrayLike<number>');
  const arrays = outputs.map(arrayOf);
  return `/** ${inDoc(name)}, made by whittle-ml. */

/** Names and shapes of what \`run\` takes, of one sample. */
export declare const inputs: ${list(inputs)};
/** Names and shapes of what \`run\` gives, of one sample. */
export declare const outputs: ${list(outputs)};
/** Answers to samples that lie one behind the other, ${of(inputs)} numbers of each: ${of(outputs)}. Throws RangeError for others. */
export declare function run(${single ? `input: ${lists[0]}): ${arrays[0]}` : `inputs: ${many(lists)}): ${many(arrays)}`};
/** Whether this computes what the engine did. */
export declare function selfTest(): boolean;
`;
}
