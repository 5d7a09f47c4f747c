/** Words of this part. Sentences with figures are functions of them. */
export const kernels = {
  title: 'Kernels',
};
