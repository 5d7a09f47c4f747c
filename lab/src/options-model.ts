import { type Command, InvalidArgumentError, Option } from 'commander';

/** How a file of another program is read, as it was typed. */
export interface ModelFlags {
  /** Sizes by what the file calls them. */
  size?: ReadonlyMap<string, number>;
  /** What inputs are held constant at: a number, or the name of a file. */
  constant?: ReadonlyMap<string, string>;
  rule?: (typeof RULES)[number];
}

const RULES = ['multiplier', 'float'] as const;

/** `name=value`, beside those before it. Names of sizes may be empty, as some files leave them. */
function named(text: string, before: ReadonlyMap<string, string> | undefined, example: string): Map<string, string> {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at < 0 || at === text.length - 1) throw new InvalidArgumentError(`It must be ${example}.`);
  if (before?.has(name)) throw new InvalidArgumentError(`${JSON.stringify(name)} is given twice: one is enough.`);
  return new Map([...(before ?? []), [name, text.slice(at + 1)]]);
}

function sizes(text: string, before?: ReadonlyMap<string, number>): Map<string, number> {
  const example = 'a name and a whole number above 0, such as height=224';
  const texts = new Map([...(before ?? [])].map(([name, n]) => [name, String(n)]));
  return new Map(
    [...named(text, texts, example)].map(([name, size]) => {
      const n = /^\d{1,10}$/.test(size) ? Number(size) : 0;
      if (n < 1 || n >= 2 ** 31) throw new InvalidArgumentError(`It must be ${example}.`);
      return [name, n];
    }),
  );
}

const constants = (text: string, before?: ReadonlyMap<string, string>): Map<string, string> =>
  named(text, before, 'the name of an input, and a number or a file of NumPy, such as scale=0.5 or shape=shape.npy');

/** Options that say how a file of another program is read. */
export const addModel = (command: Command): Command =>
  command
    .option(
      '--size <name=number>',
      'of ONNX, as often as needed: what a size with a name is, such as height=224',
      sizes,
    )
    .option(
      '--constant <name=value>',
      'of ONNX, as often as needed: an input that is held constant, as a number or the file of an array, such as w=w.npy',
      constants,
    )
    .addOption(
      new Option(
        '--rule <name>',
        'of TFLite: how sums of int8 become int8, multiplier as on a microcontroller or float as in LiteRT.js; default: multiplier, if the file does not say',
      ).choices(RULES),
    );
