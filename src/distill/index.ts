export { type BestTeacherOptions, bestTeacher, KeptCopies, type TeacherTrial } from './candidates.ts';
export {
  ContrastiveMemory,
  type ContrastiveMemoryOptions,
  type ContrastiveOptions,
  contrastiveLoss,
  type Negatives,
} from './contrastive.ts';
export { type Distilled, type DistillOptions, distill } from './distill.ts';
export { ensembleNetwork } from './ensemble.ts';
export { type BornAgainOptions, bornAgain } from './generations.ts';
export {
  attentionLoss,
  attentionMap,
  type DecoupledOptions,
  decoupledLoss,
  hintLoss,
  type SoftTargetOptions,
  softTargetLoss,
} from './losses.ts';
export { relationalAngleLoss, relationalDistanceLoss, similarityLoss } from './relations.ts';
export { type DistilledFigures, DistillReport, distillReport } from './report.ts';
export { type SelfDistilled, type SelfDistillOptions, selfDistill } from './self-distill.ts';
export type { Ensemble, Teacher } from './teacher.ts';
export type { Tapped, Term, TermKind, TermOptions } from './terms.ts';
