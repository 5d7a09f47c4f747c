/** Words of this part. Sentences with figures are functions of them. */
export const article = {
  title: 'Article',
};
