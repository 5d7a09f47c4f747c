import type { CompressReason } from './refusal-compress.ts';
import { sentenceOf } from './sentences.ts';

/** What the library says of a file that is not there to its end. */
const CUT = [
  /^safetensors: header length: (?<wanted>\d+) is more than the (?<given>\d+) bytes that follow/,
  /^safetensors: data: the tensors take (?<wanted>\d+) bytes, the file holds (?<given>\d+) after the header/,
];
const TYPES = /^safetensors: (?<tensor>.*)\.dtype: must be one of (?<types>[\w, ]+?)(?: \(|, at|$)/;
/** Names of tensors may be of any length. */
const MOST_NAME = 60;

/** Why a file cannot be read, by what the library threw. */
export function fileProblem(name: string, error: unknown): CompressReason {
  const message = error instanceof Error ? error.message : '';
  for (const pattern of CUT) {
    const [wanted, given] = pattern.exec(message)?.slice(1).map(Number) ?? [];
    if (wanted !== undefined && given !== undefined && wanted > given) return { kind: 'file cut', name, wanted, given };
  }
  const { tensor, types } = TYPES.exec(message)?.groups ?? {};
  if (tensor !== undefined && types !== undefined)
    return { kind: 'file types', name, tensor: tensor.slice(0, MOST_NAME), types };
  return { kind: 'file broken', name, problem: sentenceOf(error) };
}
