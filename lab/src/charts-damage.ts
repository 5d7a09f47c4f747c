import * as Plot from '@observablehq/plot';
import { percent, range, whole } from './format.ts';
import { CHART, clipped, draw, type Tip } from './plot.ts';
import type { ClassFormDamage } from './types-answers.ts';

/** For each form, to the left the samples that it gets wrong and the teacher right, to the right those of the other way round. */
export function changeBars(forms: readonly ClassFormDamage[]): string {
  type Bar = ClassFormDamage;
  const worse = (d: Bar): number => -d.rightToWrong.mean;
  const better = (d: Bar): number => d.wrongToRight.mean;
  const most = Math.max(1, ...forms.flatMap((d) => [-worse(d), better(d)]));
  const text = { y: 'form', fill: 'currentColor', stroke: 'var(--paper)', strokeWidth: 3 } as const;
  return draw(
    `Samples that a form gets wrong and the teacher right, and the other way round: ${forms
      .map((d) => `${d.form} ${whole(-worse(d))} and ${whole(better(d))}`)
      .join(', ')}`,
    {
      width: CHART,
      height: forms.length * 26 + 44,
      marginLeft: Math.max(60, ...forms.map(({ form }) => clipped(form).length * 6.2 + 10)),
      marginRight: 30,
      marginTop: 18,
      marginBottom: 26,
      x: {
        domain: [-most * 1.15, most * 1.15],
        ticks: 4,
        label: null,
        tickFormat: (x: number) => (Number.isInteger(x) ? whole(Math.abs(x)) : ''),
        grid: true,
      },
      y: { domain: forms.map(({ form }) => form), label: null, padding: 0.25 },
      marks: [
        Plot.axisY({ tickSize: 0, label: null, tickFormat: clipped }),
        Plot.barX(forms, { x: worse, y: 'form', fill: 'var(--test)' }),
        Plot.barX(forms, { x: better, y: 'form', fill: 'var(--train)' }),
        Plot.ruleX([0], { stroke: 'currentColor' }),
        Plot.text(forms, { ...text, x: worse, text: (d: Bar) => whole(-worse(d)), textAnchor: 'end', dx: -4 }),
        Plot.text(forms, { ...text, x: better, text: (d: Bar) => whole(better(d)), textAnchor: 'start', dx: 4 }),
      ],
    } as Plot.PlotOptions,
    (chart) =>
      forms.flatMap((d): Tip[] => {
        const x = chart.scale('x')!;
        const y = chart.scale('y')!;
        const middle = y.apply(d.form) + y.bandwidth! / 2;
        return [
          [x.apply(worse(d)), middle, `${d.form}: ${range(d.rightToWrong, whole)} wrong that the teacher gets right`],
          [
            x.apply(better(d)),
            middle,
            `${d.form}: ${range(d.wrongToRight, whole)} right that the teacher gets wrong; ${range(d.changed, percent)} of all answers are others`,
          ],
        ];
      }),
  );
}
