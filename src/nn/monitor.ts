import { StateError, ValueError } from '../base/errors.ts';
import { checkNumbers, didYouMean } from '../base/options.ts';
import { isRising, METRICS } from './metrics.ts';
import type { Logs } from './objective.ts';
import type { CallbackState } from './resume.ts';

export type MonitorMode = 'auto' | 'min' | 'max';

/** `Did you mean val_accuracy?` for `val_acc`. */
function figureMeant(monitor: string, known: readonly string[]): string | undefined {
  const prefix = monitor.startsWith('val_') ? 'val_' : '';
  const names = known.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return didYouMean(monitor.slice(prefix.length), names)?.replace('mean ', `mean ${prefix}`);
}

/** Whether a monitored figure should rise. `auto` goes by its name. */
function shouldRise(op: string, monitor: string, mode: MonitorMode): boolean {
  if (mode === 'min' || mode === 'max') return mode === 'max';
  if (mode !== 'auto') throw new ValueError(op, 'mode', 'auto, min or max', mode);
  const rises = isRising(monitor);
  if (rises !== null) return rises;
  const meant = figureMeant(
    monitor,
    ['loss', ...METRICS].flatMap((name) => [name, `val_${name}`]),
  );
  throw new ValueError(op, 'mode', `min or max when monitoring ${monitor}`, mode, meant);
}

/** The best value of a monitored figure so far. NaN is never an improvement. */
export class Monitor {
  readonly rises: boolean;
  private readonly op: string;
  private readonly key: string;
  private warned = false;
  best: number | null = null;

  constructor(op: string, key: string, mode: MonitorMode) {
    if (typeof key !== 'string') throw new ValueError(op, 'monitor', 'the name of a figure such as val_loss', key);
    this.op = op;
    this.key = key;
    this.rises = shouldRise(op, key, mode);
  }

  reset(): void {
    this.best = null;
    this.warned = false;
  }

  /** What a state holds of it, where an infinite best figure is a text. */
  get values(): CallbackState['values'] {
    const { key, best } = this;
    return { monitor: key, ...(best !== null && { best: Number.isFinite(best) ? best : String(best) }) };
  }

  /** The best figure in a state. Throws for one of another figure. */
  bestIn({ monitor, best }: CallbackState['values']): number | null {
    if (monitor !== this.key)
      throw new StateError(this.op, `watches ${this.key}, and the state is of ${String(monitor).slice(0, 60)}`);
    if (best === undefined) return null;
    if (best === 'Infinity' || best === '-Infinity') return Number(best);
    checkNumbers(this.op, { best });
    return best as number;
  }

  /** The figure in `logs`, or null with one warning when it is missing. */
  read(logs: Logs): number | null {
    if (Object.hasOwn(logs, this.key)) return logs[this.key]!;
    if (this.warned) return null;
    const known = Object.keys(logs);
    const isHeld = this.key.startsWith('val_') && !known.some((name) => name.startsWith('val_'));
    const remedy = isHeld ? 'Hold samples out: validationSplit: 0.2' : figureMeant(this.key, known);
    console.warn(`${this.op}: ${this.key} is not among ${known.join(', ')}${remedy ? `. ${remedy}` : ''}`);
    this.warned = true;
    return null;
  }

  /** Whether `value` is the best so far by more than `minDelta`, and then remembers it. */
  isBest(value: number, minDelta = 0): boolean {
    const isBest = this.improves(value, this.best, minDelta);
    if (isBest) this.best = value;
    return isBest;
  }

  /** Whether `value` is better than `than` by more than `minDelta`. */
  improves(value: number, than: number | null, minDelta: number): boolean {
    if (than === null) return this.rises ? value > -Infinity : value < Infinity;
    return this.rises ? value - minDelta > than : value + minDelta < than;
  }
}
