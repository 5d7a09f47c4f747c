import type { Text } from '../text.ts';

export const fit: Text['fit'] = {
  title: '拟合',
};
