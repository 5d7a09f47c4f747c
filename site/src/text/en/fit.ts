/** Words of this part. Sentences with figures are functions of them. */
export const fit = {
  title: 'Fit',
};
