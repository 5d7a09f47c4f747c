import type { Text } from '../text.ts';

export const shell: Text['shell'] = {
  title: 'whittle-ml 实验室',
};
