import { Presets, SingleBar } from 'cli-progress';
import { plain } from './format.ts';
import type { Progress } from './types-base.ts';

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Shown extends Progress {
  /** Leaves the terminal as it was found. */
  end(): void;
}

/** Bars on a terminal; elsewhere, as in a log file, one line per stage; with `on` false nothing. */
export function showProgress(on: boolean, output: Output & NodeJS.WritableStream): Shown {
  if (!on) return { stage: () => {}, tick: () => {}, end: () => {} };
  return output.isTTY === true ? bars(output) : lines(output);
}

function lines(output: Output): Shown {
  return {
    stage: (name, steps) => void output.write(`${plain(name)} (${steps} ${steps === 1 ? 'step' : 'steps'})\n`),
    tick: () => {},
    end: () => {},
  };
}

function bars(stream: NodeJS.WritableStream): Shown {
  let bar: SingleBar | undefined;
  const end = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stage(name, steps) {
      end();
      bar = new SingleBar(
        { stream, format: '{bar} {value}/{total}  {name}  {detail}', barsize: 24 },
        Presets.shades_classic,
      );
      bar.start(steps, 0, { name: plain(name), detail: '' });
    },
    tick(detail, steps) {
      if (steps !== undefined) bar?.setTotal(steps);
      bar?.increment(1, { detail: plain(detail) });
    },
    end,
  };
}
