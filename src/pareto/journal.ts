import { FormatError, messageOf, StateError, ValueError } from '../base/errors.ts';
import { sha256 } from '../io/sha256.ts';
import { figuresOf } from './figures.ts';
import { trialKey } from './search.ts';
import type { Bench, Outcome } from './trials.ts';
import type { Journal, Trial } from './types.ts';

const FORMAT = 'journal';
const VERSION = 1;

/**
 * A journal in memory, which `compress` writes to and goes on from: its entries can be kept anywhere, a line each. For a file see
 * `journalFile` of `whittle-ml/node`.
 *
 * @example
 * const kept = memoryJournal();
 * const data = { x, y, validation: [x, y], test: [xTest, yTest] } as const;
 * const recipes = usualRecipes().slice(0, 2);
 * await compress(model, data, { recipes, journal: kept });
 * kept.entries.length; // 3
 * await compress(model, data, { recipes, journal: memoryJournal(kept.entries) }); // nothing is run again
 */
export function memoryJournal(entries: readonly string[] = []): Journal {
  if (!Array.isArray(entries) || entries.some((each) => typeof each !== 'string'))
    throw new ValueError('memoryJournal', 'entries', 'a list of texts, the entries of another journal', entries);
  const kept = [...entries];
  return { entries: kept, append: (entry) => void kept.push(entry) };
}

/** Throws ValueError for what is no journal. */
export function checkJournal(op: string, journal: Journal): void {
  const { entries, append } = Object(journal) as Partial<Journal>;
  if (!Array.isArray(entries) || typeof append !== 'function')
    throw new ValueError(
      op,
      'journal',
      'an object with entries and append, as journalFile(path) of whittle-ml/node',
      journal,
    );
}

/** The first line: what the others are results of, as a digest of model, data and search. */
export const headOf = (search: string): string => JSON.stringify({ journal: 'compress', version: VERSION, search });

/** A line with what came of a trial. */
export function entryOf(trial: Trial, outcome: Outcome): string {
  const told =
    'failed' in outcome ? { failed: outcome.failed } : { sha256: outcome.figures.digest, file: toBase64(outcome.file) };
  return `{"trial":${trialKey(trial)},${JSON.stringify(told).slice(1)}`;
}

/** A line as it was read. */
type Kept = { readonly file: Uint8Array<ArrayBuffer>; readonly line: number } | { readonly failed: string };

/**
 * The outcomes of a journal, by the keys of their trials. Throws StateError for a journal of another search, and FormatError,
 * which names the line, for what is none.
 */
export function keptIn({ entries }: Pick<Journal, 'entries'>, search: string): Map<string, Kept> {
  const kept = new Map<string, Kept>();
  entries.forEach((entry, i) => {
    const line = i + 1;
    const fail = (problem: string): never => {
      throw new FormatError(FORMAT, `line ${line}`, problem);
    };
    if (typeof entry !== 'string') fail('must be text');
    let fields: Readonly<Record<string, unknown>>;
    try {
      fields = Object(JSON.parse(entry));
    } catch {
      return fail('is no JSON');
    }
    if (i === 0) {
      if (fields.journal !== 'compress') fail('is not the head of a journal of compress');
      if (fields.version !== VERSION) fail(`is of version ${String(fields.version)}, and this reader knows ${VERSION}`);
      if (fields.search !== search)
        throw new StateError(
          'compress',
          'the journal is of another model, other data or another search: give each search a journal of its own',
        );
      return;
    }
    const { trial, file, sha256: digest, failed } = fields;
    if (typeof trial !== 'object' || trial === null) fail('has no trial');
    const key = JSON.stringify(trial);
    if (kept.has(key)) fail('has a trial that another line has');
    if (typeof failed === 'string') {
      kept.set(key, { failed });
      return;
    }
    if (typeof file !== 'string') return fail('has neither a file nor why there is none');
    const bytes = fromBase64(file);
    if (bytes === null || sha256(bytes) !== digest) return fail('has a file that is not what its digest says');
    kept.set(key, { file: bytes, line });
  });
  return kept;
}

/** The outcome of a line: figures are found again, from the file. */
export function outcomeIn(kept: Kept, bench: Bench): Outcome {
  if ('failed' in kept) return kept;
  const { file, line } = kept;
  try {
    return { file, figures: figuresOf('compress', file, bench) };
  } catch (error) {
    throw new FormatError(
      FORMAT,
      `line ${line}`,
      `has a file that is no network for these samples: ${messageOf(error)}`,
    );
  }
}

/** Characters made at once: more arguments than this overflow a stack. */
const PIECE = 0x2000;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(text);
}

/** Null for what is no base64. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
