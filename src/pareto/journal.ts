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
 * const again = await compress(model, data, { recipes, journal: memoryJournal(kept.entries) }); // nothing is run
 * again.points.length; // 2
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
 * which names the line, for what is none; the `op` of both is `journal`.
 */
export function keptIn({ entries }: Pick<Journal, 'entries'>, search: string): Map<string, Kept> {
  const [head, ...others] = entries;
  const kept = new Map<string, Kept>();
  if (head === undefined) return kept;
  const first = new Line(1, head);
  first.must(first.fields.journal === 'compress', 'is not the head of a journal of compress');
  const { version } = first.fields;
  first.must(version === VERSION, `is of version ${String(version)}, and this reader knows ${VERSION}`);
  if (first.fields.search !== search)
    throw new StateError(
      FORMAT,
      'it is of another model, other data or another search: give each search a journal of its own',
    );
  for (const [i, entry] of others.entries()) {
    const line = new Line(i + 2, entry);
    const { trial } = line.fields;
    line.must(typeof trial === 'object' && trial !== null, 'has no trial');
    const key = JSON.stringify(trial);
    line.must(!kept.has(key), 'has a trial that another line has');
    kept.set(key, line.kept());
  }
  return kept;
}

/** A line of a journal, whose errors name it. */
class Line {
  readonly fields: Readonly<Record<string, unknown>>;
  private readonly number: number;

  constructor(number: number, entry: unknown) {
    this.number = number;
    let fields: unknown;
    try {
      fields = typeof entry === 'string' ? JSON.parse(entry) : entry;
    } catch {
      this.must(false, 'is no JSON');
    }
    this.must(typeof entry === 'string', 'is no text');
    this.fields = Object(fields);
  }

  must(holds: boolean, problem: string): void {
    if (!holds) throw new FormatError(FORMAT, `line ${this.number}`, problem);
  }

  /** What it has of its trial. */
  kept(): Kept {
    const { file, sha256: digest, failed } = this.fields;
    if (typeof failed === 'string') return { failed };
    const bytes = typeof file === 'string' ? fromBase64(file) : null;
    this.must(typeof file === 'string', 'has neither a file nor why there is none');
    this.must(bytes !== null && sha256(bytes) === digest, 'has a file that is not what its digest says');
    return { file: bytes!, line: this.number };
  }
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
