import { lossDots, noiseDots } from './charts-ledger.ts';
import { addedText, decibelText } from './findings-ledger.ts';
import { decimals, percent, severalSeeds, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { type Column, details, figure, keys, MARKS, paragraphs, svg, table } from './parts.ts';
import type { JobReport, LayerLoss, Ledgers } from './types.ts';

/** Which layer of the teacher loses what in fewer bits. */
export function ledgerSection(report: JobReport): Markup {
  const { ledger, options } = report;
  const seed = severalSeeds(report) ? ` of seed ${options.seeds[0]!}` : '';
  const marks = keys([MARKS.trainDot, 'int8'], [MARKS.hollowDot, 'int4'], [MARKS.diamond, 'ternary']);
  return html`<section aria-labelledby="ledger"><h2 id="ledger">Which layer lost what</h2>
<p>Each layer of the teacher${seed} is quantized alone, while all others stay real, and the network is judged on ${whole(ledger.samples)} test samples: what that adds to the ${ledger.loss}, and how large the outputs are beside the noise in them. int8 is the form above, with int8 values; in int4 and ternary the weights alone have fewer bits.</p>
<div class="pair">${figure(
    'Loss added by a layer alone',
    'To the left is better; the axis is logarithmic, and 0 stands for what adds nothing.',
    html`${marks}${svg(lossDots(ledger))}`,
  )}${figure(
    'Signal over noise at the outputs',
    'To the right is better: every 6 decibels halve the noise.',
    html`${marks}${svg(noiseDots(ledger))}`,
  )}</div>
<div class="text">${paragraphs(ledger.findings)}</div>
${ledger.forms.map((form) => formTable(ledger, form))}
${repairs(ledger)}
${mixed(ledger)}
</section>`;
}

function formTable({ real }: Ledgers, { format, bytes, score, layers }: Ledgers['forms'][number]): Markup {
  const columns: Column<LayerLoss>[] = [
    { title: 'layer', cell: ({ name }) => name },
    { title: 'operation', cell: ({ op }) => op },
    { title: 'format', cell: (layer) => layer.format },
    { title: 'bytes', number: true, cell: (layer) => whole(layer.bytes) },
    { title: 'in float32', number: true, cell: ({ float32Bytes }) => whole(float32Bytes) },
    { title: 'weights', number: true, cell: ({ weights }) => decibelText(weights) },
    { title: 'result', number: true, cell: ({ result }) => decibelText(result) },
    { title: 'saturated', number: true, cell: ({ saturated }) => (saturated === null ? '–' : percent(saturated)) },
    { title: 'loss added', number: true, cell: ({ loss }) => addedText(loss - real.loss) },
    { title: 'score alone', number: true, cell: (layer) => decimals(layer.score) },
    { title: 'outputs', number: true, cell: ({ outputs }) => decibelText(outputs) },
  ];
  const caption = `Layers in ${format}: ${whole(bytes)} bytes and a score of ${decimals(score)} in all`;
  return details(`All figures of the layers in ${format}`, table(caption, layers, columns));
}

function repairs({ repaired }: Ledgers): Markup {
  const rows = repaired.flatMap(({ format, steps }) => steps.map((step) => ({ format, ...step })));
  if (rows.length === 0) return html``;
  return details(
    'What was repaired, step by step',
    table('Layers that were given bits back', rows, [
      { title: 'network', cell: ({ format }) => format },
      { title: 'layer', cell: ({ layer }) => layer },
      { title: 'from', cell: ({ from }) => from },
      { title: 'to', cell: ({ to }) => to },
      { title: 'bytes then', number: true, cell: ({ bytes }) => whole(bytes) },
    ]),
  );
}

function mixed({ mixed: choice }: Ledgers): Markup {
  if (choice === null) return html``;
  return details(
    'A format for each layer',
    table(
      `In at most ${whole(choice.budget)} bytes: ${whole(choice.bytes)}, and a score of ${decimals(choice.score)}`,
      choice.layers,
      [
        { title: 'layer', cell: ({ name }) => name },
        { title: 'format', cell: ({ format }) => format },
      ],
    ),
  );
}
