import type { Text } from '../text.ts';

export const compress: Text['compress'] = {
  title: '压缩',
};
