import { fileBars, layerBars, PART_LOOKS } from './charts-smallest.ts';
import { allParts, bitsOf, bitsText, bytesOf, fileOf, SUBJECTS } from './findings-smallest.ts';
import { decimals, range, severalSeeds, times, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { SMALLEST } from './models.ts';
import { boxMark, type Column, details, figure, keys, paragraphs, svg, table } from './parts.ts';
import type { JobReport } from './types.ts';
import type { FilePartName, FileResult, FileStage, LayerBytes, PartBytes, Smallest } from './types-smallest.ts';

/** Where the bytes of the smallest file are; nothing where nobody asked. */
export function smallestSection(report: JobReport): Markup {
  const { smallest, options, scoreName } = report;
  if (smallest === null) return html``;
  const { subject, files, isSmallest, epochs } = smallest;
  const parts = allParts(smallest);
  const all = [...parts, ...shownFiles(smallest).flatMap((file) => file.parts!)];
  const names = [...new Set(all.map(({ part }) => part))];
  const order = (Object.keys(PART_LOOKS) as FilePartName[]).filter((name) => names.includes(name));
  const marks = keys(...order.map((name) => [boxMark(PART_LOOKS[name]), name] as const));
  const seed = severalSeeds(report) ? ` of seed ${options.seeds[0]!}` : '';
  const teacher = fileOf(smallest, 'teacher', 'float32').parts!;
  const stacks = shownFiles(smallest).map((file) => ({
    name: titleOf(file),
    parts: file.parts!,
    text: `${whole(bytesOf(file.parts!))} B, ${decimals(file.score.values[0]!)}`,
  }));
  return html`<section aria-labelledby="smallest"><h2 id="smallest">${isSmallest ? 'Where the bytes of the smallest file are' : 'Where the bytes of a coded file are'}</h2>
<p>Teacher and distilled student are pruned once more, and trained on; what is left becomes a few numbers in each kernel, its codebook, which are trained; and a range coder writes in as few bits as they need which weights are left, the positions, and which number of the codebook each of them is, the values. Each of these takes ${whole(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'}. ${isSmallest ? 'No form above has a smaller file' : 'A form above has a smaller file'}; this one is in <code>${SMALLEST}</code>, with the encoder, which is not counted here.</p>
<div class="pair">${figure(
    'Files, part by part',
    `Bytes${seed} and ${scoreName} on the test samples. The teacher in float32, ${whole(bytesOf(teacher))} bytes, would be ${times(bytesOf(teacher) / Math.max(...stacks.map((stack) => bytesOf(stack.parts))))} times as long as the longest of these.`,
    html`${marks}${svg(fileBars(stacks))}`,
  )}${figure(
    'The smallest, layer by layer',
    `${whole(bytesOf(parts))} bytes made of ${SUBJECTS[subject]}${seed}; bits are those of a kernel for each of its weights that is left. What belongs to no layer, names, shapes and operations, is “the network”.`,
    html`${marks}${svg(layerBars(smallest))}`,
  )}</div>
<div class="text apart">${paragraphs(smallest.findings)}</div>
${table(`Each file on the way${severalSeeds(report) ? `: mean (lowest..highest) of ${files[0]!.bytes.values.length} seeds` : ''}`, files, fileColumns(smallest, scoreName))}
${details('All bytes of the smallest, layer by layer', layerTable(smallest, order))}
</section>`;
}

/** Files that have a bar: all that are taken apart, but for the teacher in float32, beside which none could be seen. */
const shownFiles = ({ files }: Smallest): readonly FileResult[] =>
  files.filter(({ subject, stage, parts }) => parts !== null && (subject !== 'teacher' || stage !== 'float32'));

const titleOf = ({ subject, stage }: FileResult): string =>
  `${subject === 'teacher' ? 'teacher' : 'student'}, ${SHORT[stage]}`;
const SHORT: { readonly [S in FileStage]: string } = {
  float32: 'float32',
  pruned: 'pruned',
  shared: 'shared',
  'Huffman coded': 'Huffman',
  'range coded': 'range',
};

const fileColumns = (smallest: Smallest, scoreName: string): Column<FileResult>[] => [
  { title: 'file', cell: ({ subject, stage }) => `${subject}, ${stage}` },
  { title: 'bytes', number: true, cell: ({ bytes }) => range(bytes, whole) },
  {
    title: 'times smaller than the teacher',
    number: true,
    cell: ({ bytes }) => times(fileOf(smallest, 'teacher', 'float32').bytes.mean / bytes.mean),
  },
  { title: scoreName, number: true, cell: ({ score }) => range(score, decimals) },
];

/** A layer, or what is no layer and has no `bits` of its own. */
type Row = Pick<LayerBytes, 'name' | 'parts'> & Partial<LayerBytes> & { readonly bits: number | null };

function layerTable(smallest: Smallest, order: readonly FilePartName[]): Markup {
  const { layers, rest } = smallest;
  const sum = (of: 'numbers' | 'kept' | 'float32Bytes'): number => layers.reduce((all, layer) => all + layer[of], 0);
  const rows: Row[] = [
    ...layers.map((layer) => ({ ...layer, bits: bitsOf(layer) })),
    { name: 'the network', parts: rest, bits: null },
    {
      ...{ name: 'all', parts: allParts(smallest) },
      ...{ numbers: sum('numbers'), kept: sum('kept'), float32Bytes: sum('float32Bytes') },
      bits: sum('kept') === 0 ? null : (8 * bytesOf(allParts(smallest))) / sum('kept'),
    },
  ];
  const of = (parts: readonly PartBytes[], name: FilePartName): number =>
    bytesOf(parts.filter(({ part }) => part === name));
  const count = (n: number | undefined): string => (n === undefined ? '–' : whole(n));
  return table('Bytes by layer and part', rows, [
    { title: 'layer', cell: ({ name }) => name },
    { title: 'weights', number: true, cell: ({ numbers }) => count(numbers) },
    { title: 'left', number: true, cell: ({ kept }) => count(kept) },
    { title: 'in float32', number: true, cell: ({ float32Bytes }) => count(float32Bytes) },
    ...order.map((name): Column<Row> => ({ title: name, number: true, cell: ({ parts }) => whole(of(parts, name)) })),
    { title: 'bytes', number: true, cell: ({ parts }) => whole(bytesOf(parts)) },
    {
      title: 'bits a weight left',
      number: true,
      cell: ({ bits }) => bitsText(bits),
    },
  ]);
}
