import { type Frame, type Local, sequence } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { f32, f64 } from './scalars.ts';
import { f32x4, f64x2 } from './vectors.ts';

/** Constants in locals, set before the loop: a vector made anew in each turn costs as much as an addition. */
class Constants {
  readonly prepare: Code = (out) => {
    for (const set of this.sets) set(out);
  };
  private readonly frame: Frame;
  private readonly sets: Code[] = [];
  private readonly known = new Map<string, Local>();

  constructor(frame: Frame) {
    this.frame = frame;
  }

  add(value: Value): Local {
    const local = this.frame.local('v128');
    this.sets.push(local.set(value));
    return local;
  }

  find(type: string, value: number, make: () => Code): Local {
    const key = `${type} ${Object.is(value, -0) ? '-0' : value}`;
    const local = this.known.get(key) ?? this.add(make());
    this.known.set(key, local);
    return local;
  }
}

/** A calculation in the making: the steps so far, whose results stand in locals, and the constants they use. */
export class Work {
  private readonly frame: Frame;
  private readonly constants: Constants;
  private readonly steps: Code[] = [];

  constructor(frame: Frame, constants: Constants = new Constants(frame)) {
    this.frame = frame;
    this.constants = constants;
  }

  /** Code to run before the loop. */
  get prepare(): Code {
    return this.constants.prepare;
  }

  /** A constant of the loop, from any value. */
  prepared(value: Value): Local {
    return this.constants.add(value);
  }

  f32(value: number): Local {
    return this.constants.find('f32', value, () => f32x4.splat(f32.const(value)));
  }

  f64(value: number): Local {
    return this.constants.find('f64', value, () => f64x2.splat(f64.const(value)));
  }

  /** Adds a step: the local holds its result, from now on. */
  step(value: Value, local: Local = this.frame.local('v128')): Local {
    this.steps.push(local.set(value));
    return local;
  }

  /** Another calculation with the same constants. */
  apart(): Work {
    return new Work(this.frame, this.constants);
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
    return sequence(...this.steps, ...code);
  }
}
