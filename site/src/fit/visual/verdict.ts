import type { Verdict } from '../../engine/messages.ts';
import type { Text } from '../../text/text.ts';
import { percent, show } from './numbers.ts';

type Words = Text['fit']['verdict'];

/** What diagnose writes for a number, an infinite one too. */
const N = '(-?(?:[\\d.]+(?:e[+-]?\\d+)?|Infinity)|NaN)';
const M = '(\\S+)';

/** A figure as its monitor has it: accuracy in percent. */
const figure = (monitor: string, text: string): string =>
  monitor === 'accuracy' ? percent(Number(text)) : show(Number(text));

/** A sentence of diagnose: how it is known, and what is said in its place, of the parts in brackets. */
interface Row {
  readonly pattern: RegExp;
  readonly say: (words: Words, parts: readonly string[], monitor: string) => string;
}

const row = (pattern: string, say: Row['say']): Row => ({ pattern: new RegExp(`^${pattern}`), say });

const named = (words: Words, monitor: string): string => words.monitors[monitor] ?? monitor;

/** All reasons that diagnose gives. */
const ROWS: readonly Row[] = [
  row(
    `training ${M} ${N}, validation ${N}: a gap of ${N}(?: \\(± ${N}\\))?, (not more|more) than ${N}`,
    (words, [monitor = '', train = '', validation = '', gap = '', error, more, allowed = '']) => {
      // The gap of a loss is a share of it.
      const share = (text: string): string => percent(Number(text));
      const uncertain = error === undefined ? '' : ` ± ${share(error)}`;
      return words.reasons.gap(
        named(words, monitor),
        figure(monitor, train),
        figure(monitor, validation),
        monitor === 'r2'
          ? show(Number(gap)) + (error === undefined ? '' : ` ± ${show(Number(error))}`)
          : share(gap) + uncertain,
        more === 'more',
        monitor === 'r2' ? show(Number(allowed)) : share(allowed),
      );
    },
  ),
  row(`training ${M} reaches ${N}`, (words, [monitor = '', target = '']) =>
    words.reasons.reaches(named(words, monitor), figure(monitor, target)),
  ),
  row(`training ${M} misses ${N}`, (words, [monitor = '', target = '']) =>
    words.reasons.misses(named(words, monitor), figure(monitor, target)),
  ),
  row(
    `validation ${M} was best, ${N}, in epoch (\\d+) of (\\d+)`,
    (words, [monitor = '', value = '', epoch = '', of = '']) =>
      words.reasons.worsened(named(words, monitor), figure(monitor, value), epoch, of),
  ),
  row('the model is another since', (words) => words.reasons.changed),
  row(`one answer to all samples reaches ${N} in training`, (words, [value = ''], monitor) =>
    words.reasons.nothingLearned(figure(monitor, value)),
  ),
  row('the gap is within its standard error', (words) => words.reasons.withinError),
  row(`the validation loss is below a twentieth of ${N}`, (words, [value = '']) =>
    words.reasons.tiny(show(Number(value))),
  ),
  row('a figure is not finite', (words) => words.reasons.notFinite),
  row('one held-out sample says nothing', (words) => words.reasons.oneSample),
  row('training and validation loss were still falling', (words) => words.reasons.falling),
  row(`the weights kept are of an earlier epoch: training went on to ${N}`, (words, [value = ''], monitor) =>
    words.reasons.earlier(figure(monitor, value)),
  ),
  row(`nearest neighbours of the samples reach ${N}`, (words, [value = ''], monitor) =>
    words.reasons.neighbours(figure(monitor, value)),
  ),
  row(`one answer to all samples reaches ${N}`, (words, [value = ''], monitor) =>
    words.reasons.constant(figure(monitor, value)),
  ),
  row('too small a network and noise in the targets look alike', (words) => words.reasons.alike),
  row('the samples are too few to tell such a gap from chance', (words) => words.reasons.chance),
];

/** With fewer samples it is their number that one cannot tell by. */
const FEW = 100;

/** Whether more samples are needed first: where they are few, or the engine says that they are too few. */
export const areFew = ({ reasons }: Pick<Verdict, 'reasons'>, samples: number): boolean =>
  samples < FEW || reasons.some((reason) => /^the samples are too few|^one held-out sample/.test(reason));

/** Figure that was judged: its name stands in the first reason. */
const monitorOf = (reasons: readonly string[]): string => /^training (\S+) /.exec(reasons[0] ?? '')?.[1] ?? 'loss';

/** The reasons in words; one that is not known stays as the engine wrote it. */
export function reasonsIn(words: Words, { reasons }: Pick<Verdict, 'reasons'>): string[] {
  const monitor = monitorOf(reasons);
  return reasons.map((reason) => {
    for (const { pattern, say } of ROWS) {
      const found = pattern.exec(reason);
      if (found !== null) return say(words, found.slice(1), monitor);
    }
    return reason;
  });
}
