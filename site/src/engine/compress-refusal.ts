import { Refusal, sentenceOf } from './refusal.ts';
import { COMPRESS_SENTENCES, type CompressReason } from './refusal-compress.ts';

/** A refusal of compressing, writing, reading or drawing. */
export class CompressRefusal extends Refusal {
  constructor(reason: CompressReason) {
    super(reason, sentenceOf(reason, COMPRESS_SENTENCES));
  }
}
