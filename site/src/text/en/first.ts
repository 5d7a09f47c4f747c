// What is shown first, in one file.
export { fit } from './fit.ts';
export { controls } from './fit-controls.ts';
export { shell } from './shell.ts';
