import { lightTimes, lightTradeOff } from './charts-light.ts';
import { LIGHTS } from './explain.ts';
import { listed } from './findings.ts';
import { decimals, machineLine, percent, range, seedsLine, time, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { imageText } from './images.ts';
import { type Column, capital, details, figure, keys, list, MARKS, paragraphs, sentence, svg, table } from './parts.ts';
import type { JobReport } from './types.ts';
import type { Light, LightResult } from './types-compared.ts';

/** Networks for images beside each other; nothing where there are none. */
export function lightSection(report: JobReport): Markup {
  const { light, scoreName } = report;
  if (light === null || light.results.length === 0) return html``;
  const trained = light.results.filter(({ variant }) => variant === 'float32');
  const teacher = teacherIn(report, light);
  const sign = keys(
    [MARKS.trainDot, 'as trained, float32'],
    [MARKS.hollowDot, 'half the channels'],
    [MARKS.diamond, 'int8'],
  );
  return html`<section aria-labelledby="light"><h2 id="light">Light networks for images</h2>
<p>${teacher === undefined ? 'Networks beside the teacher, not forms of it' : 'Networks beside each other'}: a plain one with a single convolution, and others that are built to be light. ${teacher === undefined ? '' : `The ${teacher} is the teacher, trained and timed once more: its weights are the same, and its times differ by chance. `}All learn from the same samples; ${sizes(report, light)}. ${capital(scoreName)} is that of the test samples; before anything is counted or timed, BatchNorms are folded into the convolutions, as quantize does.${heavy(trained)}</p>
${table(`As trained, float32: ${seedsLine(report)}`, trained, columns(report, light))}
<div class="text apart">${paragraphs(light.findings)}</div>
<div class="pair">${figure(
    `${capital(scoreName)} against bytes`,
    'Up and to the left is better; a line joins a network to what was made of it. Bytes are on a logarithmic scale.',
    html`${sign}${svg(lightTradeOff(light, scoreName))}`,
  )}${figure(
    'Time of one call',
    `Median on ${machineLine(report)}; to the left is faster, on a logarithmic scale.`,
    html`${sign}<p class="note">1 sample</p>${svg(lightTimes(light, 1))}<p class="note">64 samples</p>${svg(lightTimes(light, 64))}`,
  )}</div>
${cards(light)}
${details('All figures of these networks', table(`With half the channels and in int8 too: ${seedsLine(report)}`, light.results, columns(report, light, true)))}
</section>`;
}

/** The teacher's name where it is one of the networks: with every seed their weights are the same then. */
function teacherIn({ digests }: JobReport, { networks }: Light): string | undefined {
  const of = (model: string): string => digests.flatMap((each) => (each.model === model ? [each.sha256] : [])).join();
  return networks.find(({ name }) => of(`${name}, float32`) === of('teacher'))?.name;
}

/** Networks with fewer parameters than the plain one, and more to compute. */
function heavy([plain, ...others]: readonly LightResult[]): string {
  const ratio = ({ macs }: LightResult): number => macs.mean / plain!.macs.mean;
  const all = others.filter((other) => other.parameters.mean < plain!.parameters.mean && ratio(other) > 1);
  if (all.length === 0) return '';
  const shares = all.map((other) => `${other.name} (${percent(ratio(other))} of its multiply-adds)`);
  return ` Compared with the ${plain!.name}, ${listed(shares)} ${all.length === 1 ? 'is' : 'are'} light in parameters alone.`;
}

const imageOf = ({ networks }: Light, name: string): string =>
  imageText(networks.find((network) => network.name === name)!.image);

/** Which networks take images of which size, as words. */
function sizes({ data }: JobReport, { networks }: Light): string {
  const all = [...new Set(networks.map(({ image }) => imageText(image)))].map((size) => {
    const names = networks.filter(({ image }) => imageText(image) === size).map(({ name }) => name);
    const from = data.image === null || imageText(data.image) === size ? '' : ', to which they are enlarged';
    return `${size}${from} (${names.join('; ')})`;
  });
  return `images are ${all.join(' or ')}`;
}

function columns({ scoreName }: JobReport, light: Light, withVariant = false): Column<LightResult>[] {
  return [
    { title: 'network', cell: ({ name, variant }) => (withVariant ? `${name}, ${variant}` : name) },
    { title: 'images', number: true, cell: ({ name }) => imageOf(light, name) },
    { title: 'parameters', number: true, cell: (r) => range(r.parameters, whole) },
    { title: 'multiply-adds', number: true, cell: (r) => range(r.macs, whole) },
    { title: 'bytes', number: true, cell: (r) => range(r.bytes, whole) },
    { title: scoreName, number: true, cell: (r) => range(r.score, decimals) },
    { title: '1 sample', number: true, cell: (r) => range(r.latency1, time) },
    { title: '64 samples', number: true, cell: (r) => range(r.latency64, time) },
  ];
}

function cards({ networks, results }: Light): Markup {
  const card = ({ name, training }: Light['networks'][number]): Markup => {
    const { what, source } = LIGHTS[name];
    const notes = results.flatMap((result) => (result.name === name ? result.notes : []));
    return html`<article class="card"><h4>${name}</h4>
<p>${what} <cite>${source}</cite></p>
<p class="result">${capital(sentence(training))}</p>
${notes.length === 0 ? '' : details('What int8 does to it', list(notes.map(sentence)))}</article>`;
  };
  return html`<h3 class="apart">What each network is, and how it was trained</h3>
<p class="note">Epochs, rates and widths were chosen by the validation part of the digits. Of the channels of a layer, the half with the smallest incoming weights goes.</p>
<div class="grid">${networks.map(card)}</div>`;
}
