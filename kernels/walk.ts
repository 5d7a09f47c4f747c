/** A strided copy as loops, the outermost first: how often each runs, and how far it goes on in x and y. */
export interface Walk {
  readonly sizes: readonly number[];
  readonly xSteps: readonly number[];
  readonly ySteps: readonly number[];
}

interface Loop {
  readonly size: number;
  readonly xStep: number;
  readonly yStep: number;
}

/**
 * The loops of a copy from x to y: as few as will do, those with the longest steps through y outermost, so that y is written
 * from start to end. The last but one is the loop that goes through x in single steps, if the last does not: the two are
 * then a matrix to be transposed. A copy of nothing has a loop of size 0.
 */
export function walkOf(shape: readonly number[], xStrides: readonly number[], yStrides: readonly number[]): Walk {
  const all = shape.map((size, axis): Loop => ({ size, xStep: xStrides[axis]!, yStep: yStrides[axis]! }));
  const loops = all.filter(({ size }) => size !== 1);
  // Where elements of y are written more than once the last must win.
  if (loops.every(({ yStep }) => yStep !== 0)) loops.sort((p, q) => Math.abs(q.yStep) - Math.abs(p.yStep));
  const joined: Loop[] = [];
  for (const loop of loops) {
    const outer = joined.at(-1);
    const { size, xStep, yStep } = loop;
    if (outer !== undefined && outer.xStep === size * xStep && outer.yStep === size * yStep) {
      joined[joined.length - 1] = { size: outer.size * size, xStep, yStep };
    } else joined.push(loop);
  }
  const single = joined.findIndex(({ xStep }) => xStep === 1);
  if (single >= 0 && single < joined.length - 2 && joined.every(({ yStep }) => yStep !== 0)) {
    joined.splice(joined.length - 2, 0, ...joined.splice(single, 1));
  }
  return {
    sizes: joined.map(({ size }) => size),
    xSteps: joined.map(({ xStep }) => xStep),
    ySteps: joined.map(({ yStep }) => yStep),
  };
}

/** Numbers of a row from which on `set` and `fill` of an array cost less than a loop over it. */
export const LONG_ROW = 64;

/** Whether the rows of a copy are long, and each lies in one piece or repeats one number. */
export function hasLongRows({ sizes, xSteps, ySteps }: Walk): boolean {
  const xStep = xSteps.at(-1);
  return (sizes.at(-1) ?? 0) >= LONG_ROW && ySteps.at(-1) === 1 && (xStep === 1 || xStep === 0);
}

/** Numbers of one-hot rows that are zeroed at once, before their ones are set: they are in the first cache then. */
const ZEROED = 2048;

/** How many rows of `depth` these are. */
export const rowsAtOnce = (depth: number): number => Math.max(1, Math.floor(ZEROED / Math.max(1, depth)));
