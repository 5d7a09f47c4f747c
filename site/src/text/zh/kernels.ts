import type { Text } from '../text.ts';

export const kernels: Text['kernels'] = {
  title: '内核',
};
