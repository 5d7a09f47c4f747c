import { FormatError, grouped } from '../base/errors.ts';

/** Problems that are told one by one; the others are counted. */
const TOLD = 6;

/** All that is wrong with a table, for one message. */
export class Problems {
  count = 0;
  private readonly told: (readonly [place: string, problem: string])[] = [];

  /** `place` is asked for only when it is told: a line's number has to be counted. */
  add(place: string | (() => string), problem: string): void {
    if (this.count++ < TOLD) this.told.push([typeof place === 'string' ? place : place(), problem]);
  }

  /** Throws FormatError when there are any; `remedy` may follow. */
  check(remedy = ''): void {
    const [first, ...others] = this.told;
    if (first === undefined) return;
    const rest = others.map(([place, problem]) => `; ${place}: ${problem}`).join('');
    const more = this.count > TOLD ? `; and ${grouped(this.count - TOLD)} more` : '';
    throw new FormatError('csv', first[0], `${first[1]}${rest}${more}${remedy === '' ? '' : `. ${remedy}`}`);
  }
}
