import type { Network } from 'whittle-ml';
import { encodeNetwork } from 'whittle-ml';
import * as code from 'whittle-ml/export';
import * as foreign from 'whittle-ml/formats';
import { withCarried } from './carried.ts';
import { compressedOf } from './kept.ts';
import type { ExportedFile, Format, Written } from './messages.ts';
import { Refusal } from './refusal.ts';
import { sentenceOf } from './sentences.ts';
import type { Context, Follow } from './trained.ts';
import { folded, smallestFile } from './weighing.ts';

/** A form that networks can be written in. */
export interface FormatRow extends Pick<Format, 'label' | 'extensions' | 'isReadable'> {
  /** Throws what the library throws for a network that it cannot hold. */
  readonly write: (network: Network, name: string) => ExportedFile[];
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const BYTES = 'application/octet-stream';

/** What the library writes networks as, besides its own files. */
const exporters = { ...code, ...foreign };

/** The forms that are known by more than their name. */
const KNOWN: Readonly<Record<string, FormatRow>> = {
  safetensors: {
    ...{ label: 'safetensors', extensions: ['.safetensors'], isReadable: true },
    write: (network, name) => [{ name: `${name}.safetensors`, type: BYTES, bytes: encodeNetwork(network) }],
  },
  coded: {
    ...{ label: 'safetensors, coded', extensions: ['.safetensors'], isReadable: true },
    write: (network, name) => [{ name: `${name}-coded.safetensors`, type: BYTES, bytes: smallestFile(network).file }],
  },
  toModule: {
    ...{ label: 'ES module', extensions: ['.mjs', '.d.mts'], isReadable: true },
    write: (network, name) => {
      const { source, types } = exporters.toModule(network, { name });
      return [
        { name: `${name}.mjs`, type: 'text/javascript', bytes: utf8(withCarried(source, smallestFile(network).file)) },
        { name: `${name}.d.mts`, type: 'text/plain', bytes: utf8(types) },
      ];
    },
  },
  toOnnx: foreignRow('ONNX', '.onnx', exporters.toOnnx),
  toTflite: foreignRow('TFLite', '.tflite', exporters.toTflite),
  toC: {
    ...{ label: 'C99', extensions: ['.c', '.h'], isReadable: false },
    write: (network, name) => {
      const { source, header } = exporters.toC(network, { name });
      return [
        { name: `${name}.c`, type: 'text/x-c', bytes: utf8(source) },
        { name: `${name}.h`, type: 'text/x-c', bytes: utf8(header) },
      ];
    },
  },
};

/** A file of another program that is read here too. */
function foreignRow(label: string, ending: string, write: (network: Network) => Uint8Array<ArrayBuffer>): FormatRow {
  return {
    ...{ label, extensions: [ending], isReadable: true },
    write: (network, name) => [{ name: `${name}${ending}`, type: BYTES, bytes: write(network) }],
  };
}

/** Ids that addresses and scripts may hold on to. */
const IDS: Readonly<Record<string, string>> = { toModule: 'module', toC: 'c' };

/** An exporter that this page does not know by name: what it gives for a network are files, by the names of its fields. */
function unknownRow(id: string, write: (network: Network) => unknown): FormatRow {
  return {
    ...{ label: id.toUpperCase(), extensions: [`.${id}`], isReadable: false },
    write: (network, name) => {
      const given = write(network);
      const isFile = typeof given === 'string' || given instanceof Uint8Array;
      const parts = isFile ? [[id, given] as const] : Object.entries(Object(given) as Record<string, unknown>);
      const files = parts.flatMap(([part, content]): ExportedFile[] => {
        const file = { name: `${name}.${part}`, type: BYTES };
        if (typeof content === 'string') return [{ ...file, type: 'text/plain', bytes: utf8(content) }];
        return content instanceof Uint8Array ? [{ ...file, bytes: content.slice() }] : [];
      });
      if (files.length === 0) throw new Error(`The exporter ${id} gave no file.`);
      return files;
    },
  };
}

/**
 * The forms by id: files of networks, and whatever the library exports a network with, functions that are called `to` and the
 * name of a form. One that is new there is in this table without a change here.
 */
export function formatRows(library: Readonly<Record<string, unknown>> = exporters): ReadonlyMap<string, FormatRow> {
  const rows = new Map(['safetensors', 'coded'].map((id) => [id, KNOWN[id]!]));
  for (const [name, write] of Object.entries(library)) {
    if (typeof write !== 'function' || !/^to[A-Z]/.test(name)) continue;
    const id = IDS[name] ?? name.slice(2).toLowerCase();
    const make = (network: Network): unknown => write(network);
    rows.set(id, Object.hasOwn(KNOWN, name) ? KNOWN[name]! : unknownRow(id, make));
  }
  return rows;
}

/** The name of files, an identifier, which C asks for. */
const NAMES = { trained: 'network', compressed: 'whittled' } as const;

function networkFor(of: 'trained' | 'compressed', { trained, experiment }: Context): Network | null {
  return of === 'compressed' ? compressedOf(experiment) : trained && folded(trained.model);
}

export const exportFile: Follow<'export'> = async ({ format, of }, context) => {
  const rows = formatRows();
  const row = rows.get(format);
  if (row === undefined) throw new Refusal({ kind: 'no such format', format, formats: [...rows.keys()] });
  const network = networkFor(of, context);
  if (network === null) throw new Refusal({ kind: of === 'trained' ? 'nothing trained' : 'nothing compressed' });
  let files: ExportedFile[];
  try {
    files = row.write(network, NAMES[of]);
  } catch (error) {
    throw new Refusal({ kind: 'not writable', label: row.label, problem: sentenceOf(error) });
  }
  context.tell(
    { kind: 'exported', format, files },
    files.map(({ bytes }) => bytes.buffer),
  );
};

/** Tells what the networks that there are can be written in, with the bytes that they take. */
export const formats: Follow<'formats'> = async (_, context) => {
  const subjects = {
    trained: networkFor('trained', context),
    compressed: networkFor('compressed', context),
  };
  const list: Format[] = [];
  for (const [id, { label, extensions, isReadable, write }] of formatRows()) {
    const written = (of: keyof typeof subjects): Written | null => {
      const network = subjects[of];
      if (network === null) return null;
      try {
        return { bytes: write(network, NAMES[of]).reduce((sum, { bytes }) => sum + bytes.length, 0) };
      } catch (error) {
        return { problem: sentenceOf(error) };
      }
    };
    const trained = written('trained');
    if (!(await context.pause())) return;
    list.push({ id, label, extensions, isReadable, trained, compressed: written('compressed') });
    if (!(await context.pause())) return;
  }
  context.tell({ kind: 'formats', formats: list });
};
