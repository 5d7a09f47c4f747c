import { lossDots, noiseDots } from './charts-ledger.ts';
import { addedBy, decibelText } from './findings-ledger.ts';
import { decimals, percent, range, severalSeeds, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { type Column, details, figure, keys, MARKS, paragraphs, svg, table } from './parts.ts';
import type { JobReport } from './types.ts';
import type { LayerLoss, Ledgers, Rounding } from './types-layers.ts';

/** Which layer of the teacher loses what in fewer bits. */
export function ledgerSection(report: JobReport): Markup {
  const { ledger, rounding, options, scoreName } = report;
  const seed = severalSeeds(report) ? ` of seed ${options.seeds[0]!}` : '';
  const marks = keys([MARKS.trainDot, 'int8'], [MARKS.hollowDot, 'int4'], [MARKS.diamond, 'ternary']);
  return html`<section aria-labelledby="ledger"><h2 id="ledger">Which layer lost what</h2>
<p>Each layer of the teacher${seed} is quantized alone, while all others stay real, and the network is judged on ${whole(ledger.samples)} test samples: what that adds to the ${ledger.loss}, and how large the outputs are beside the noise in them. int8 is the form above, with int8 values; in int4 and ternary the weights alone have fewer bits. What is chosen, repairs and formats, is chosen on the validation samples.</p>
<div class="pair">${figure(
    'Loss added by a layer alone',
    'To the left is better. The axis is logarithmic: what adds nothing, takes some away or adds less than 0.00001 is at “none”, left of it.',
    html`${marks}${svg(lossDots(ledger))}`,
  )}${figure(
    'Signal over noise at the outputs',
    'In decibels. To the right is better: every 6 decibels halve the noise.',
    html`${marks}${svg(noiseDots(ledger))}`,
  )}</div>
<div class="text">${paragraphs(ledger.findings)}</div>
${ledger.forms.map((form) => formTable(ledger, form))}
${repairs(ledger)}
${mixed(ledger)}
${kernels(rounding, scoreName)}
</section>`;
}

/** Kernels of 4 bits, in three ways. */
function kernels({ rows, epochs, finding }: Rounding, scoreName: string): Markup {
  const columns: Column<Rounding['rows'][number]>[] = [
    { title: 'kernels', cell: ({ name }) => name },
    { title: `${scoreName}, validation`, number: true, cell: ({ validation }) => range(validation, decimals) },
    { title: `${scoreName}, test`, number: true, cell: ({ test }) => range(test, decimals) },
  ];
  const caption = `The teacher with kernels of 4 bits and int8 values; ${whole(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'} each where it is trained on, with scales that were chosen on the validation samples`;
  return html`<h3>Rounded afterwards, or trained rounded</h3>
<div class="text">${paragraphs([finding])}</div>
${table(caption, rows, columns)}`;
}

function formTable({ real, scoreName }: Ledgers, { format, bytes, score, layers }: Ledgers['forms'][number]): Markup {
  const columns: Column<LayerLoss>[] = [
    { title: 'layer', cell: ({ name }) => name },
    { title: 'operation', cell: ({ op }) => op },
    { title: 'format', cell: (layer) => layer.format },
    { title: 'bytes', number: true, cell: (layer) => whole(layer.bytes) },
    { title: 'in float32', number: true, cell: ({ float32Bytes }) => whole(float32Bytes) },
    { title: 'weights', number: true, cell: ({ weights }) => decibelText(weights) },
    { title: 'result', number: true, cell: ({ result }) => decibelText(result) },
    { title: 'saturated', number: true, cell: ({ saturated }) => (saturated === null ? '–' : percent(saturated)) },
    { title: 'loss added', number: true, cell: (layer) => addedBy(layer, real.loss) },
    { title: `${scoreName} alone`, number: true, cell: (layer) => decimals(layer.score) },
    { title: 'outputs', number: true, cell: ({ outputs }) => decibelText(outputs) },
  ];
  const caption = `Layers in ${format}: ${whole(bytes)} bytes and an ${scoreName} of ${decimals(score)} in all`;
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

function mixed({ mixed: choice, scoreName }: Ledgers): Markup {
  if (choice === null) return html``;
  return details(
    'A format for each layer',
    table(
      `In at most ${whole(choice.budget)} bytes: ${whole(choice.bytes)}, and an ${scoreName} of ${decimals(choice.score)}`,
      choice.layers,
      [
        { title: 'layer', cell: ({ name }) => name },
        { title: 'format', cell: ({ format }) => format },
      ],
    ),
  );
}
