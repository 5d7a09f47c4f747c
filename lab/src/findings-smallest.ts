import { above, listed, shown } from './findings.ts';
import { lostText } from './findings-damage.ts';
import { percent, signed, smaller, whole } from './format.ts';
import type { FileResult, FileStage, FileSubject, LayerBytes, PartBytes, Smallest } from './types-smallest.ts';

type Found = Omit<Smallest, 'findings'>;

export const bytesOf = (parts: readonly Pick<PartBytes, 'bytes'>[]): number =>
  parts.reduce((sum, { bytes }) => sum + bytes, 0);

/** Bits of the file for each number of a kernel that is not zero, of the kernel alone; null where there is none. */
export function bitsOf({ parts, kept }: Pick<LayerBytes, 'parts' | 'kept'>): number | null {
  return kept === 0 ? null : (8 * bytesOf(parts.filter(({ part }) => part !== 'biases'))) / kept;
}

export const bitsText = (bits: number | null): string => (bits === null ? '–' : bits.toFixed(1));

export const fileOf = ({ files }: Pick<Smallest, 'files'>, subject: FileSubject, stage: FileStage): FileResult =>
  files.find((file) => file.subject === subject && file.stage === stage)!;

/** What is called what in sentences. */
export const SUBJECTS: { readonly [S in FileSubject]: string } = {
  teacher: 'the teacher',
  'student (distilled)': 'the distilled student',
};

/** All parts of the file that is taken apart. */
export const allParts = ({ layers, rest }: Pick<Smallest, 'layers' | 'rest'>): readonly PartBytes[] => [
  ...layers.flatMap(({ parts }) => parts),
  ...rest,
];

/** Sentences with numbers about where the bytes are, whichever way these fall. */
export function smallestFindings(found: Found, scoreName: string): string[] {
  const { subject, layers, files } = found;
  const which = files[0]!.bytes.values.length > 1 ? 'the smallest of the first seed' : 'the smallest';
  const parts = allParts(found);
  const total = bytesOf(parts);
  const kept = layers.reduce((sum, layer) => sum + layer.kept, 0);
  const numbers = layers.reduce((sum, layer) => sum + layer.numbers, 0);
  const names = [...new Set(parts.map(({ part }) => part))];
  const shares = names
    .map((name) => ({ name, bytes: bytesOf(parts.filter(({ part }) => part === name)) }))
    .sort((a, b) => b.bytes - a.bytes);
  const most = shares.map(({ name, bytes }) => `${name} ${percent(bytes / total)}`);
  const bits =
    kept === 0
      ? 'no weight is left'
      : `${whole(kept)} of ${whole(numbers)} weights are left, with ${bitsText((8 * total) / kept)} bits of the file for each`;
  return [
    ...found.settings.map((setting) => subjectFinding(found, setting.subject, scoreName)),
    `Of the ${whole(total)} bytes of ${which}, made of ${SUBJECTS[subject]}, are ${listed(most)}; ${bits}.`,
    codeFinding(found),
  ];
}

function subjectFinding(found: Found, subject: FileSubject, scoreName: string): string {
  const { files, settings } = found;
  const [before, after] = [fileOf({ files }, subject, 'float32'), fileOf({ files }, subject, 'range coded')];
  const { sparsity, clusters } = settings.find((each) => each.subject === subject)!;
  const ratio = smaller(before.bytes.mean / after.bytes.mean);
  const size = ratio.number === '1' ? ratio.words : `${ratio.number} times ${ratio.words}`;
  const change = after.score.mean - before.score.mean;
  const score =
    shown(after.score) === shown(before.score)
      ? `${scoreName} stays ${shown(after.score)}`
      : `${scoreName} ${above(after.score, before.score) ? 'rises' : 'falls'} from ${shown(before.score)} to ${shown(after.score)} (${signed(change)})`;
  return (
    `${SUBJECTS[subject].replace(/^t/, 'T')}, with ${percent(sparsity)} of its weights zero, the others of ${clusters} numbers in each ` +
    `kernel, and all of it range coded, is ${size}: ${whole(after.bytes.mean)} bytes instead of ${whole(before.bytes.mean)} in float32; ${score}${lossText(found, subject, scoreName)}.`
  );
}

/** What of the change is more than the choice of the test samples. */
function lossText({ lost, samples, files }: Found, subject: FileSubject, scoreName: string): string {
  const own = lost[subject];
  const what = scoreName === 'accuracy' ? 'points' : `hundredths of ${scoreName}`;
  const seed = files[0]!.bytes.values.length > 1 ? ' in the first seed' : '';
  const judged =
    own.low > 0
      ? 'that is more than chance'
      : own.high < 0
        ? 'that is a gain beyond chance'
        : `${whole(samples)} test samples cannot tell the two apart`;
  return `, ${lostText(own)} ${what} lost${seed}: ${judged}`;
}

/** What coding does to the same network. */
function codeFinding({ files, subject }: Found): string {
  const bytes = (stage: FileStage): number => fileOf({ files }, subject, stage).bytes.mean;
  const [shared, huffman, range] = [bytes('shared'), bytes('Huffman coded'), bytes('range coded')];
  return (
    `The same shared network takes ${whole(shared)} bytes uncoded, ${whole(huffman)} in Huffman’s code and ${whole(range)} range coded: ` +
    `coding changes no number, so the answers are the same.`
  );
}
