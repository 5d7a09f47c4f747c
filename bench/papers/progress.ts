import { duration } from '../format.ts';

/** A span of time for people: hours and minutes where it is long. */
export function span(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 2) return duration(seconds);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Says where a run is and how long the rest will take, by what the part of it took that is done. */
export class Progress {
  private readonly write: (line: string) => void;
  private readonly now: () => number;
  private readonly start: number;
  private readonly all: number;
  private done = 0;
  private said = -Infinity;

  /** `all`: the sum of the costs of all rows that will run; `now` in seconds. */
  constructor(all: number, write: (line: string) => void, now = (): number => performance.now() / 1000) {
    this.all = all;
    this.write = write;
    this.now = now;
    this.start = now();
  }

  /** A row of such a cost is at this share of its work. Says so every ten seconds at most, and always at its end. */
  at(name: string, cost: number, share: number): void {
    const now = this.now();
    const isEnd = share >= 1;
    if (!isEnd && now - this.said < 10) return;
    this.said = now;
    const part = (this.done + cost * Math.min(1, share)) / this.all;
    if (isEnd) this.done += cost;
    const spent = now - this.start;
    const left = part > 0 ? `, ${span((spent * (1 - part)) / part)} left` : '';
    this.write(`${name}: ${Math.round(100 * share)} %, ${Math.round(100 * part)} % of all${left}\n`);
  }
}
