import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { WhittleError } from 'whittle-ml';
import { toC } from 'whittle-ml/export';
import { inputsComment } from './c-inputs.ts';
import { inShell, whole } from './format.ts';
import { type Model, readModel } from './models.ts';
import { exportedModule, imported, passes } from './modules.ts';
import { UsageError } from './options.ts';
import { type ExportFlags, languageOf } from './options-export.ts';
import { readBytes } from './reading.ts';
import type { Surroundings } from './surroundings.ts';
import { checkFolder, FileError, isOther, writeFiles } from './write.ts';

/** Whether there is a folder of that name. */
const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() ?? false;

const ENDINGS = { module: ['.mjs', '.d.mts'], c: ['.c', '.h'] } as const;

/** Of the two files; a module may be called as modules are in projects that have no others. */
const endingsOf = (as: 'module' | 'c', out: string): readonly [string, string] =>
  as === 'module' && out.endsWith('.js') ? ['.js', '.d.ts'] : ENDINGS[as];

/** Writes a network as source code, two files. Whatever can be wrong is found before. */
export async function exportModel(path: string, flags: ExportFlags, around: Surroundings): Promise<void> {
  const as = languageOf(flags);
  const source = resolve(around.folder, path);
  const model = readModel(await readBytes(source), path);
  const { folder, name } = await placeOf(path, flags, around);
  const out = resolve(around.folder, folder);
  const [first, second] = endingsOf(as, flags.out).map((ending) => `${name}${ending}`) as [string, string];
  const [text, about] = as === 'c' ? inC(model, path, name, flags) : await asModule(model, path, name, flags);
  for (const file of [first, second])
    if (!(await isOther(join(out, file), source)))
      throw new UsageError(`${join(folder, file)} is the file that is read: name another one with --name or --out`);
  await checkFolder(out, [first, second]);
  await writeFiles(out, { [first]: text, [second]: about });
  const tell = (file: string, content: string): void =>
    void around.output.write(`${join(out, file)}: ${whole(Buffer.byteLength(content))} bytes\n`);
  tell(first, text);
  tell(second, about);
  around.output.write(as === 'c' ? saidOfC(name, second, about) : saidOfModule(join(out, first)));
}

/** Where the files go and how they are called. Throws UsageError for a name that does not fit. */
async function placeOf(
  path: string,
  flags: ExportFlags,
  around: Surroundings,
): Promise<{ readonly folder: string; readonly name: string }> {
  const { out, name } = flags;
  const as = languageOf(flags);
  const [ending] = endingsOf(as, out);
  const other = /\.[a-z]\w*$/i.exec(basename(out))?.[0] ?? ending;
  if (other !== ending && !/[/\\]$/.test(out) && !(await isFolder(resolve(around.folder, out))))
    throw new UsageError(
      `--out ${out} ends in ${other}, and what is written is ${ending}: end it in ${as === 'c' ? '.c' : '.mjs or .js'}, or a folder in /`,
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
  model: Model,
  path: string,
  name: string,
  { readable = false }: ExportFlags,
): Promise<[source: string, types: string]> {
  const { source, types } = exportedModule(model, path, name, readable);
  const { selfTest } = await imported(source);
  if (!passes(selfTest))
    throw new FileError(
      `${path}: the module does not answer what the network does on this machine, so it is not written`,
    );
  return [source, types];
}

function inC(
  model: Model,
  path: string,
  name: string,
  { plain = false, logits = false, int8Inputs = false }: ExportFlags,
): [source: string, header: string] {
  try {
    const inputs = int8Inputs ? 'int8' : 'real';
    const { source, header } = toC(model.network, { name, logits, inputs, storage: plain ? 'plain' : 'small' });
    const results = Number(/_OUTPUT_SIZE (\d+)/.exec(header)?.[1]);
    return [source, inputsComment(model, results, logits, int8Inputs ? name : null) + header];
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    throw new FileError(`${path}: cannot be written in C: ${error.message.replace(/^toC: /, '')}`);
  }
}

const saidOfModule = (file: string): string =>
  `Its self-test passes here. To use it: import { predict } from './${basename(file)}', or npx whittle-cli predict ${inShell(file)} new.csv\n`;

/** As many lines are shown. */
const MANY = 24;

function saidOfC(name: string, file: string, header: string): string {
  const lines = header.slice(3, header.indexOf(' */')).split('\n   ');
  const rest = lines.length > MANY ? `... and ${lines.length - MANY} more lines at the top of ${file}.\n` : '';
  return `${lines.slice(0, MANY).join('\n')}\n${rest}Call ${name}_self_test() once on a new machine: it gives 1 where ${name}_run(input, output) answers what the network does.\n`;
}
