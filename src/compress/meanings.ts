import type { Stored } from '../graph/encoding.ts';
import { activationIn, type Graph } from '../graph/graph.ts';
import { makerOf } from '../graph/rewrite.ts';
import { readingOf } from '../nn/averages.ts';
import { meant, outputsOf } from '../nn/heads.ts';
import { Model } from '../nn/model.ts';
import type { Outputs } from '../nn/outputs.ts';
import { QuantizedNetwork } from './quantized.ts';

/** Of the outputs of a network, or of its only one; undefined where nothing is known. */
type Meanings = Outputs | readonly Outputs[] | undefined;

/** How the outputs of a compiled model are meant, or of a network that was quantized from one. */
export function outputsKnown(subject: Model | Graph<Stored>): readonly Outputs[] | undefined {
  if (subject instanceof QuantizedNetwork) return subject.meaning;
  if (!(subject instanceof Model && subject.isCompiled && subject.isBuilt)) return undefined;
  return Array.from({ length: subject.outputCount }, (_, i) => outputsOf(subject, i));
}

/** How the outputs of several networks for one task are meant: what one does not know the first that does tells. */
export function meaningsOf(subjects: readonly (Model | Graph<Stored>)[], outputs: Meanings): readonly Meanings[] {
  const known = subjects.map((subject) => outputs ?? outputsKnown(subject));
  const told = known.find((each) => each !== undefined);
  return known.map((own, i) => own ?? (told && [told].flat().map((each, j) => asShown(subjects[i]!, j, each))));
}

/** An output meant as another network's is, but on the scale that its own activation shows: one may give logits. */
function asShown(subject: Model | Graph<Stored>, output: number, told: Outputs): Outputs {
  const graph: Graph<unknown> = subject instanceof Model ? subject.graph : subject;
  const name = graph.outputs[output];
  if (told.coding === 'numbers' || name === undefined) return told;
  const { scale } = meant(null, readingOf(graph, name), 1);
  if (scale !== 'reals') return { ...told, scale };
  const maker = makerOf(graph, name, false);
  const isPlain = maker !== null && activationIn(maker) !== null;
  return isPlain && told.scale === 'probabilities' ? { ...told, scale: 'logits' } : told;
}
