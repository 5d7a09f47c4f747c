import { auc, fromData, type Model, type Samples } from 'whittle-ml';

/** What a network gives to the class that a sample is of. */
function confidence(model: Model, [x, y]: Samples): number[] {
  const { data, shape } = model.predict(x);
  return Array.from(y.data, (label, i) => data[i * shape[1]! + label]!);
}

/**
 * How well the confidence alone tells samples of the training from others, as the area under the ROC curve: 0.5 is a coin, 1 is
 * always. No threshold has to be chosen for it.
 */
export function membershipAUC(model: Model, members: Samples, others: Samples): number {
  const [inside, outside] = [confidence(model, members), confidence(model, others)];
  const attack = auc().create();
  attack.update(
    fromData(Int32Array.from([...inside.map(() => 1), ...outside.map(() => 0)])),
    fromData(Float32Array.from([...inside, ...outside])),
  );
  return attack.result();
}
