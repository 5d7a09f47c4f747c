import { resolve } from 'node:path';
import { WhittleError } from 'whittle-ml';
import {
  decodeNpy,
  type FromOnnxOptions,
  type ReadingOption,
  type ReadModelOptions,
  type Recognized,
} from 'whittle-ml/formats';
import type { SafeTensor } from 'whittle-ml/io';
import { UsageError } from './options.ts';
import type { ModelFlags } from './options-model.ts';
import { readBytes } from './reading.ts';
import { FileError } from './write.ts';

/** What stands for an option of readers on the command line, how it is written, and for which files it is. */
const FLAGS: {
  readonly [O in ReadingOption]: {
    readonly flag: `--${string & keyof ModelFlags}`;
    readonly value: string;
    readonly of: string;
  };
} = {
  sizes: { flag: '--size', value: '<name>=<number>', of: 'ONNX models' },
  constants: { flag: '--constant', value: '<name>=<number or file.npy>', of: 'ONNX models' },
  rule: { flag: '--rule', value: '<name>', of: 'TensorFlow Lite models' },
};

/** Throws UsageError for an option that files of the kind do not take. */
export function checkTaken(path: string, flags: ModelFlags, { title, takes }: Recognized): void {
  const typed: Readonly<Record<ReadingOption, unknown>> = {
    sizes: flags.size,
    constants: flags.constant,
    rule: flags.rule,
  };
  for (const option of Object.keys(typed) as ReadingOption[])
    if (typed[option] !== undefined && !takes.includes(option))
      throw new UsageError(`${FLAGS[option].flag} is for ${FLAGS[option].of}, and ${path} is ${title}: leave it out`);
}

/** The options of readers; names of files start at `folder`. */
export async function givenOf(flags: ModelFlags, folder: string): Promise<Omit<ReadModelOptions, 'name' | 'files'>> {
  const { size, constant, rule } = flags;
  return {
    ...(size && { sizes: size }),
    ...(constant && { constants: await constantsOf(constant, folder) }),
    ...(rule && { rule }),
  };
}

type Constants = NonNullable<FromOnnxOptions['constants']>;

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

async function constantsOf(texts: ReadonlyMap<string, string>, folder: string): Promise<Constants> {
  const constants = new Map<string, { shape: readonly number[]; data: ArrayLike<number> }>();
  for (const [name, text] of texts)
    constants.set(
      name,
      NUMBER.test(text) ? { shape: [], data: [Number(text)] } : arrayOf(await bytesOf(name, text, folder), name, text),
    );
  return constants;
}

const bytesOf = (name: string, file: string, folder: string): Promise<Uint8Array> =>
  readBytes(resolve(folder, file)).catch((error: unknown): never => {
    if (!(error instanceof FileError)) throw error;
    throw new FileError(`--constant ${name}=${file}: it is no number, and ${error.message}`);
  });

function arrayOf(bytes: Uint8Array, name: string, file: string): { shape: readonly number[]; data: ArrayLike<number> } {
  const at = `--constant ${name}=${file}`;
  const { shape, ...array } = arrayIn(bytes, at);
  const { data, dtype } = array;
  if (dtype === 'F16' || dtype === 'BF16')
    throw new FileError(
      `${at}: its numbers are of float16: numpy.save('${file}', array.astype('float32')) makes others`,
    );
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) return { shape, data };
  const numbers = Array.from(data, Number);
  if (numbers.some((n) => !Number.isSafeInteger(n)))
    throw new FileError(`${at}: it holds whole numbers above 2^53, which no constant of a network is`);
  return { shape, data: numbers };
}

function arrayIn(bytes: Uint8Array, at: string): SafeTensor {
  try {
    return decodeNpy(bytes);
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    throw new FileError(`${at}: a number is taken, or a file that numpy.save has written: ${error.message}`);
  }
}

/** What a reader says, in the words of somebody who types options. */
export const asOptions = ({ message }: WhittleError): string =>
  message
    .replace(/^from[A-Z]\w*: (constants|sizes)\b/, (_, option: 'constants' | 'sizes') => FLAGS[option].flag)
    .replace(/\bin the option (constants|sizes)\b/g, (_, option: 'constants' | 'sizes') => {
      const { flag, value } = FLAGS[option];
      return `with ${flag} ${value}`;
    });
