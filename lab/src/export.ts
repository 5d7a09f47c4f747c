import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { encodeNetwork, WhittleError } from 'whittle-ml';
import { toC, toModule } from 'whittle-ml/export';
import { toOnnx, toTflite } from 'whittle-ml/formats';
import { inputsComment } from './c-inputs.ts';
import { type Exported, exportedOf } from './foreign.ts';
import { inShell, whole } from './format.ts';
import { exportedModule, imported, passes } from './modules.ts';
import { UsageError } from './options.ts';
import { type ExportFlags, type ExportKind, kindOf } from './options-export.ts';
import { readBytes } from './reading.ts';
import type { Surroundings } from './surroundings.ts';
import { checkFolder, FileError, isOther, writeFiles } from './write.ts';

/** Whether there is a folder of that name. */
const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() ?? false;

/** How each form is written: the endings of its files, and what they hold. */
const FORMS: { readonly [K in ExportKind]: Form } = {
  module: { endings: ['.mjs', '.d.mts'], refused: 'cannot become a module', write: asModule },
  c: { endings: ['.c', '.h'], refused: 'cannot be written in C', write: inC },
  onnx: { endings: ['.onnx'], refused: 'cannot be written as ONNX', write: ({ network }) => [toOnnx(network)] },
  tflite: { endings: ['.tflite'], refused: 'cannot be written as TFLite', write: ({ network }) => [toTflite(network)] },
  safetensors: {
    ...{ endings: ['.safetensors'], refused: 'cannot be written' },
    write: ({ network }) => [encodeNetwork(network)],
  },
};

interface Form {
  readonly endings: readonly string[];
  /** What is said before the reason where it cannot be. */
  readonly refused: string;
  /** The content of each file. */
  readonly write: (
    source: Exported,
    path: string,
    name: string,
    flags: ExportFlags,
  ) => readonly Content[] | Promise<readonly Content[]>;
}
type Content = string | Uint8Array;

/** A module may be called as modules are in projects that have no others. */
const endingsOf = (as: ExportKind, out: string): readonly string[] =>
  as === 'module' && out.endsWith('.js') ? ['.js', '.d.ts'] : FORMS[as].endings;

/** Writes a network in another form, in one or two files. Whatever can be wrong is found before. */
export async function exportModel(path: string, flags: ExportFlags, around: Surroundings): Promise<void> {
  const as = kindOf(flags);
  const source = resolve(around.folder, path);
  const bytes = await readBytes(source);
  const { folder, name } = await placeOf(path, flags, around);
  const out = resolve(around.folder, folder);
  const files = endingsOf(as, flags.out).map((ending) => `${name}${ending}`);
  for (const file of files)
    if (!(await isOther(join(out, file), source)))
      throw new UsageError(`${join(folder, file)} is the file that is read: name another one with --name or --out`);
  const model = await exportedOf(bytes, path, flags, around.folder);
  const contents = await written(model, path, name, flags);
  await checkFolder(out, files);
  await writeFiles(out, Object.fromEntries(files.map((file, i) => [file, contents[i]!])));
  for (const [i, file] of files.entries())
    around.output.write(`${join(out, file)}: ${whole(Buffer.byteLength(contents[i]!))} bytes\n`);
  for (const note of model.notes) around.output.write(`Note: ${note}\n`);
  if (as === 'c') around.output.write(saidOfC(name, files[1]!, model.encoder === null ? null : String(contents[1])));
  if (as === 'module') around.output.write(saidOfModule(join(out, files[0]!), model.encoder !== null));
}

async function written(model: Exported, path: string, name: string, flags: ExportFlags): Promise<readonly Content[]> {
  const { write, refused } = FORMS[kindOf(flags)];
  try {
    return await write(model, path, name, flags);
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    throw new FileError(`${path}: ${refused}: ${error.message.replace(/^to[A-Z]\w*: /, '')}`);
  }
}

/** Where the files go and how they are called. Throws UsageError for a name that does not fit. */
async function placeOf(
  path: string,
  flags: ExportFlags,
  around: Surroundings,
): Promise<{ readonly folder: string; readonly name: string }> {
  const { out, name } = flags;
  const as = kindOf(flags);
  const [ending] = endingsOf(as, out) as [string];
  const other = /\.[a-z]\w*$/i.exec(basename(out))?.[0] ?? ending;
  if (other !== ending && !/[/\\]$/.test(out) && !(await isFolder(resolve(around.folder, out))))
    throw new UsageError(
      `--out ${out} ends in ${other}, and what is written is ${ending}: end it in ${as === 'module' ? '.mjs or .js' : ending}, or a folder in /`,
    );
  const isFile = out.endsWith(ending) && basename(out) !== ending;
  if (isFile && name !== undefined)
    throw new UsageError(`--out ${out} names the file already: leave --name out, or give --out a folder`);
  const usual = nameOf(path);
  const own = isFile ? basename(out, ending) : (name ?? (as === 'c' ? identifierOf(usual) : usual));
  if (as === 'c' && !/^[A-Za-z_]\w*$/.test(own))
    throw new UsageError(
      `${JSON.stringify(own)} is no name in C: it must be letters, digits and _, with no digit first, such as ${identifierOf(own)}`,
    );
  if (/[/\\]/.test(own) || own.startsWith('.'))
    throw new UsageError(`--name must be the name of a file without folder and ending, got ${JSON.stringify(own)}`);
  return { folder: isFile ? dirname(out) : out, name: own };
}

/** The name of a file of a network without its ending. */
export const nameOf = (path: string): string => basename(path).replace(/(?<=.)\.[^.]*$/, '');

const identifierOf = (name: string): string => name.replace(/\W/g, '_').replace(/^(?=\d|$)/, 'network_');

async function asModule(
  model: Exported,
  path: string,
  name: string,
  { readable = false }: ExportFlags,
): Promise<[source: string, types: string]> {
  const { network, encoder, trained } = model;
  const { source, types } =
    encoder === null
      ? toModule(network, { name, minify: !readable })
      : exportedModule({ network, encoder, trained }, path, name, readable);
  const { selfTest } = await imported(source);
  if (!passes(selfTest))
    throw new FileError(
      `${path}: the module does not answer what the network does on this machine, so it is not written`,
    );
  return [source, types];
}

function inC(
  { network, encoder, trained }: Exported,
  _: string,
  name: string,
  { plain = false, logits = false, int8Inputs = false }: ExportFlags,
): [source: string, header: string] {
  const inputs = int8Inputs ? 'int8' : 'real';
  const { source, header } = toC(network, { name, logits, inputs, storage: plain ? 'plain' : 'small' });
  if (encoder === null) return [source, header];
  const results = Number(/_OUTPUT_SIZE (\d+)/.exec(header)?.[1]);
  const comment = inputsComment({ network, encoder, trained }, results, logits, int8Inputs ? name : null);
  return [source, comment + header];
}

const saidOfModule = (file: string, predicts: boolean): string =>
  predicts
    ? `Its self-test passes here. To use it: import { predict } from './${basename(file)}', or npx whittle-cli predict ${inShell(file)} new.csv\n`
    : `Its self-test passes here. To use it: import { run } from './${basename(file)}'\n`;

/** As many lines are shown. */
const MANY = 24;

/** Of a header that begins with what the inputs are, what it says of them. */
function saidOfC(name: string, file: string, header: string | null): string {
  const lines = header === null ? [] : header.slice(3, header.indexOf(' */')).split('\n   ');
  const rest = lines.length > MANY ? `... and ${lines.length - MANY} more lines at the top of ${file}.\n` : '';
  return `${lines
    .slice(0, MANY)
    .map((line) => `${line}\n`)
    .join(
      '',
    )}${rest}Call ${name}_self_test() once on a new machine: it gives 1 where ${name}_run(input, output) answers what the network does.\n`;
}
