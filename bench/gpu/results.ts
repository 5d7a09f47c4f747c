import type { GpuMode } from 'whittle-ml/gpu';
import type { Environment } from '../environment.ts';
import type { RowResult, Settings } from '../measure.ts';
import type { Missing } from '../tables.ts';
import type { Skipped } from './patience.ts';

/** What is asked of a page or of a process: which rows, and how long. */
export interface Request {
  /** Names of rows. */
  readonly rows: readonly string[];
  readonly settings: Settings;
}

export interface DeviceRowResult extends RowResult {
  readonly skipped: readonly Skipped[];
}

/** What a mode measured. Without the names of device and surroundings its figures mean nothing. */
export interface ModeResults {
  readonly mode: GpuMode;
  /** The user agent of the browser, or the version of Node. */
  readonly where: string;
  /** What the driver calls the device. */
  readonly device: string;
  readonly isSoftware: boolean;
  readonly rows: readonly DeviceRowResult[];
  /** Tables that this engine cannot run. */
  readonly missing: readonly Missing[];
  /** Why it ended before the last row, or null. */
  readonly problem: string | null;
}

/** A mode that could not be opened. */
export interface MissingMode extends Pick<ModeResults, 'mode' | 'where'> {
  readonly reason: string;
}

/** A run: what a page gives to download, and what `--save` writes, every sample included. */
export interface Results {
  readonly date: string;
  /** The machine as Node sees it; a page sees none. */
  readonly environment: Environment | null;
  readonly settings: Settings;
  readonly modes: readonly ModeResults[];
  readonly missing: readonly MissingMode[];
  /** A sum of what was computed. It means nothing. */
  readonly sink: number;
}

/** What a page or a process tells while it measures. */
export type Message =
  | { readonly kind: 'progress'; readonly text: string /** Within a row: a variant. */; readonly detail: string }
  | { readonly kind: 'mode'; readonly results: ModeResults }
  | { readonly kind: 'missing'; readonly missing: MissingMode }
  | { readonly kind: 'end'; readonly sink: number };

/** The name of a run's file: its day and its device. */
export function fileNameOf({ date, modes }: Pick<Results, 'date' | 'modes'>): string {
  const device = (modes[0]?.device ?? 'no device')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '');
  return `${date.slice(0, 10)}-${device}.json`;
}
