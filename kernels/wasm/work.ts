import type { Local, NewLocals } from './assembler.ts';
import type { Code, Value } from './code.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';

/** A calculation in the making: the steps so far, whose results stand in locals, and the constants they use. */
export class Work {
  /** Code to run before the loop: sets the constants. A vector made anew in each turn costs as much as an addition. */
  readonly prepare: Code[];
  /** For what is set more than once. */
  readonly locals: NewLocals;
  private readonly constants: Map<string, Local>;
  private readonly steps: Code[] = [];

  constructor(locals: NewLocals, prepare: Code[] = [], constants: Map<string, Local> = new Map()) {
    this.locals = locals;
    this.prepare = prepare;
    this.constants = constants;
  }

  /** Another calculation with the same constants. */
  apart(): Work {
    return new Work(this.locals, this.prepare, this.constants);
  }

  /** A constant of the loop; `name` says which, for it is made only once. */
  constant(name: string, make: () => Value): Local {
    const known = this.constants.get(name);
    if (known !== undefined) return known;
    const [local] = this.locals('v');
    this.prepare.push(local.set(make()));
    this.constants.set(name, local);
    return local;
  }

  f32(value: number): Local {
    return this.constant(`f32 ${nameOf(value)}`, () => f32x4.splat(f32.constant(value)));
  }

  f64(value: number): Local {
    return this.constant(`f64 ${nameOf(value)}`, () => f64x2.splat(f64.constant(value)));
  }

  /** Adds a step: the local holds its result, from now on. */
  step(value: Value, local: Local = this.locals('v')[0]): Local {
    this.also(local.set(value));
    return local;
  }

  /** Adds a statement as a step. */
  also(statement: Code): void {
    this.steps.push(statement);
  }

  /**
   * Adds several calculations with their steps in turn. Each is a chain in which every step waits for the one before; a
   * processor finds the next chain's steps only if they are near, and not every compiler brings them near.
   */
  inTurn(count: number, calculation: (work: Work, i: number) => Code): Code[] {
    const works = Array.from({ length: count }, () => this.apart());
    const results = works.map(calculation);
    const most = Math.max(...works.map(({ steps }) => steps.length));
    for (let s = 0; s < most; s++) for (const { steps } of works) if (s < steps.length) this.steps.push(steps[s]!);
    return results;
  }

  /** The steps, then what is to be done with their results. */
  finish(...code: readonly Code[]): Code {
    return [this.steps, code];
  }
}

const nameOf = (value: number): string => (Object.is(value, -0) ? '-0' : `${value}`);
