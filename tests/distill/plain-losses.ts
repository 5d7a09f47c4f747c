// The losses of distillation by their formulas, in float64 and with no tensors. Rows are flat features of a sample.

export type Rows = readonly (readonly number[])[];

const total = (list: readonly number[]): number => list.reduce((p, q) => p + q, 0);
export const meanOf = (list: readonly number[]): number => total(list) / list.length;
const dot = (a: readonly number[], b: readonly number[]): number => total(a.map((value, i) => value * b[i]!));
const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value - b[i]!);
const lengthOf = (a: readonly number[]): number => Math.hypot(...a);
const unit = (a: readonly number[]): number[] => {
  const length = lengthOf(a);
  return a.map((value) => (length === 0 ? 0 : value / length));
};
const huber = (x: number): number => (Math.abs(x) < 1 ? x ** 2 / 2 : Math.abs(x) - 1 / 2);
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const softmax = (z: readonly number[]): number[] => {
  const powers = z.map((value) => Math.exp(value - Math.max(...z)));
  return powers.map((power) => power / total(powers));
};
const divergence = (p: readonly number[], q: readonly number[]): number =>
  total(p.map((share, i) => (share === 0 ? 0 : share * Math.log(share / q[i]!))));

export const softTarget = (t: Rows, s: Rows, T: number): number =>
  T ** 2 * meanOf(t.map((row, i) => divergence(softmax(row.map((z) => z / T)), softmax(s[i]!.map((z) => z / T)))));

export const softTargetOfSigmoids = (t: Rows, s: Rows, T: number): number =>
  T ** 2 *
  meanOf(
    t.flatMap((row, i) =>
      row.map((z, j) => {
        const [p, q] = [sigmoid(z / T), sigmoid(s[i]![j]! / T)];
        return divergence([p, 1 - p], [q, 1 - q]);
      }),
    ),
  );

export function decoupled(t: Rows, s: Rows, labels: readonly number[], T: number, alpha: number, beta: number): number {
  const parts = t.map((row, i) => {
    const [p, q] = [softmax(row.map((z) => z / T)), softmax(s[i]!.map((z) => z / T))];
    const label = labels[i]!;
    const target = divergence([p[label]!, 1 - p[label]!], [q[label]!, 1 - q[label]!]);
    const others = (shares: number[]): number[] =>
      shares.filter((_, j) => j !== label).map((share) => share / (1 - shares[label]!));
    return alpha * target + beta * divergence(others(p), others(q));
  });
  return T ** 2 * meanOf(parts);
}

export const hint = (t: Rows, s: Rows): number =>
  meanOf(t.flatMap((row, i) => minus(row, s[i]!)).map((error) => error ** 2)) / 2;

/** Of maps [places] of energies. */
export const attention = (t: Rows, s: Rows): number =>
  meanOf(t.map((map, i) => lengthOf(minus(unit(map), unit(s[i]!))) ** 2 / 2));

export function relationalDistance(t: Rows, s: Rows): number {
  const pairs = t.flatMap((_, i) => t.map((_, j) => [i, j] as const)).filter(([i, j]) => i !== j);
  const relative = (rows: Rows): number[] => {
    const apart = pairs.map(([i, j]) => lengthOf(minus(rows[i]!, rows[j]!)));
    return apart.map((each) => each / meanOf(apart));
  };
  const wanted = relative(t);
  return meanOf(relative(s).map((each, i) => huber(each - wanted[i]!)));
}

export function relationalAngle(t: Rows, s: Rows): number {
  const cosine = (rows: Rows, i: number, j: number, k: number): number =>
    dot(unit(minus(rows[i]!, rows[j]!)), unit(minus(rows[k]!, rows[j]!)));
  const all = t.map((_, i) => i);
  const triples = all.flatMap((i) => all.flatMap((j) => all.map((k) => [i, j, k] as const)));
  const different = triples.filter(([i, j, k]) => i !== j && j !== k && i !== k);
  return meanOf(different.map(([i, j, k]) => huber(cosine(s, i, j, k) - cosine(t, i, j, k))));
}

export function similarity(t: Rows, s: Rows): number {
  const similar = (rows: Rows): number[][] => rows.map((a) => unit(rows.map((b) => dot(a, b))));
  const wanted = similar(t);
  return meanOf(
    similar(s)
      .flatMap((row, i) => minus(row, wanted[i]!))
      .map((error) => error ** 2),
  );
}

export interface Contrast {
  readonly temperature: number;
  readonly form?: 'infoNCE' | 'crd';
  readonly marks?: readonly number[];
  readonly negatives?: { readonly embeddings: Rows; readonly marks: readonly number[] };
  readonly samples?: number;
}

export function contrastive(t: Rows, s: Rows, { temperature, form, marks, negatives, samples }: Contrast): number {
  const called = marks ?? t.map((_, i) => i);
  const count = t.length - 1 + (negatives?.marks.length ?? 0);
  const losses = s.map((row, i) => {
    const similar = (other: readonly number[]): number => dot(unit(row), unit(other)) / temperature;
    const pair = similar(t[i]!);
    const inside = t.flatMap((other, j) => (called[i] === called[j] ? [] : [similar(other)]));
    const outside = (negatives?.embeddings ?? []).flatMap((other, j) =>
      negatives!.marks[j] === called[i] ? [] : [similar(other)],
    );
    const others = [...inside, ...outside];
    if (form !== 'crd') return -Math.log(softmax([pair, ...others])[0]!);
    const share = (z: number): number => Math.exp(z) / (Math.exp(z) + count / (samples ?? count));
    return -Math.log(share(pair)) - total(others.map((z) => Math.log(1 - share(z))));
  });
  return meanOf(losses);
}
