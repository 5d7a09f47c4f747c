import type { Lost } from './types-answers.ts';
import type { Figure } from './types-base.ts';

/** What is made small once more: pruned, shared and coded. */
export type FileSubject = 'teacher' | 'student (distilled)';

/** A file on the way; each is made of the one before. */
export type FileStage = 'float32' | 'pruned' | 'shared' | 'Huffman coded' | 'range coded';

/** What bytes of a file are for. `biases` are all that belongs to a layer and not to its kernel. */
export type FilePartName = 'values' | 'codebook' | 'positions' | 'scales' | 'biases' | 'header';

export interface PartBytes {
  readonly part: FilePartName;
  readonly bytes: number;
}

export interface FileResult {
  readonly subject: FileSubject;
  readonly stage: FileStage;
  readonly bytes: Figure;
  readonly score: Figure;
  /** Of the first seed: they sum to its bytes. Null of files that are not taken apart. */
  readonly parts: readonly PartBytes[] | null;
}

/** The bytes of a layer. */
export interface LayerBytes {
  readonly name: string;
  readonly parts: readonly PartBytes[];
  /** Of its kernel: numbers, and those of them that are not zero. */
  readonly numbers: number;
  readonly kept: number;
  /** Bytes of its numbers in float32, biases too. */
  readonly float32Bytes: number;
}

/** Where the bytes of the smallest file are. */
export interface Smallest {
  /** Of each stage that trains. */
  readonly epochs: number;
  /** By subject. */
  readonly settings: readonly { readonly subject: FileSubject; readonly sparsity: number; readonly clusters: number }[];
  readonly files: readonly FileResult[];
  /** Of the first seed, from float32 to the coded file. */
  readonly lost: { readonly [S in FileSubject]: Lost };
  /** Test samples of a seed. */
  readonly samples: number;
  /** The smallest of them, which is taken apart layer by layer. */
  readonly subject: FileSubject;
  /** Whether no form of the job has a smaller file. */
  readonly isSmallest: boolean;
  /** Of the first seed's file; what is of no layer is in `rest`. */
  readonly layers: readonly LayerBytes[];
  readonly rest: readonly PartBytes[];
  /** What was found, in sentences with numbers. */
  readonly findings: readonly string[];
}
