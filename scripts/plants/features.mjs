/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a row of zeros is divided by its length',
    file: 'src/distill/pairs.ts',
    find: 'where(equal(length, 0), 0, div(rows, length))',
    replace: 'div(rows, length)',
    mustFail: ['tests/distill/losses-limits.test.ts'],
  },
  {
    name: 'the distance of equal samples has the slope of a root at 0',
    file: 'src/distill/relations.ts',
    find: 'where(lessEqual(squares, 0), 0, sqrt(squares))',
    replace: 'sqrt(squares)',
    mustFail: ['tests/distill/losses-limits.test.ts'],
  },
  {
    name: 'features are squared at the scale that they have',
    file: 'src/distill/pairs.ts',
    find: 'return div(x, where(equal(most, 0), 1, most));',
    replace: 'return most.size < 0 ? div(x, where(equal(most, 0), 1, most)) : x;',
    mustFail: ['tests/distill/losses-limits.test.ts'],
  },
  {
    name: 'a sample is its own negative',
    file: 'src/distill/contrastive.ts',
    find: 'logits.push(where(differing(marks, others), similar(embeddings), -Infinity));',
    replace: 'logits.push(similar(embeddings));',
    mustFail: ['tests/distill/losses.test.ts'],
  },
  {
    name: 'a repeated step draws the negatives of the one that was recorded',
    file: 'src/distill/contrastive.ts',
    find: `    state.array.set(random.state);
    random.step++;
  });`,
    replace: `    random.step++;
  });
  state.array.set(random.state);`,
    mustFail: ['tests/distill/terms-features.test.ts'],
  },
  {
    name: 'exits pull the output towards themselves',
    file: 'src/distill/self-distill.ts',
    find: 'teach(concat([labels, detach(t)], 1), s)',
    replace: 'teach(concat([labels, detach === null ? s : t], 1), s)',
    mustFail: ['tests/distill/self-distill.test.ts'],
  },
];
