import type { Text } from '../text.ts';

export const digits: Text['digits'] = {
  title: '写一个数字',
};
