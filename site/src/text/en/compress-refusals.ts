import type { CompressReason } from '../../engine/refusal-compress.ts';

type Sentences = { readonly [K in CompressReason['kind']]: (reason: Extract<CompressReason, { kind: K }>) => string };

/** Why nothing is compressed, written, opened or asked. */
export const compressRefusals: Sentences = {
  'rounding of many bits': ({ bits }) =>
    `Training with rounding is for 8 or 4 bits, and ${bits} were chosen: choose 8 or 4, or leave that training out.`,
  'no hidden layer': ({ of }) =>
    of === 'neurons'
      ? 'The network has no hidden layer, so no neurons can go: prune weights or panels.'
      : 'The network has no hidden layer, so no student can be narrower: set its width to 1.',
  'answers not finite': () =>
    'The smaller network answers with numbers that are not finite: lower the learning rate, or train it for fewer epochs.',
  'nothing trained': () => 'There is no network yet: train one first.',
  'nothing compressed': () => 'There is no smaller network yet: compress the trained one first.',
  'no such format': ({ format, formats }) =>
    `No format is called ${JSON.stringify(format)}: there are ${formats.join(', ')}.`,
  'not writable': ({ label, problem }) => `This network cannot be written as ${label}: ${problem}`,
  'not compressed': ({ problem }) => `This cannot be done with this network: ${problem}`,
  'file empty': ({ name }) => `${name}: the file is empty.`,
  'file too large': ({ name, megabytes, most }) =>
    `${name}: it has ${megabytes} MiB, and files up to ${most} MiB are read.`,
  'no network': ({ name }) =>
    `${name}: it is no network: .safetensors, .onnx and .tflite files are read, model.json of TensorFlow.js, and modules that were written here.`,
  'other file': ({ name, title, remedy }) => `${name}: this is ${title}. ${remedy}.`,
  'types of a module': ({ name }) => `${name}: these are the types of a module: open the module itself, the .mjs file.`,
  C: ({ name }) => `${name}: C is to be compiled, not read back: open the .safetensors file or the module.`,
  'nothing carried': ({ name }) =>
    `${name}: the module does not carry the file of its network, and a page that runs no foreign code cannot ask it: open the .safetensors file, or a module that was written here.`,
  'module changed': ({ name }) =>
    `${name}: the network that the module carries is not the one that its code computes: one of both was changed.`,
  'file broken': ({ name, problem }) => `${name}: ${problem}`,
  'file cut': ({ name, wanted, given }) =>
    `${name}: its header tells of ${wanted} bytes, and ${given} follow: it was not saved to its end; save or download it again.`,
  'file types': ({ name, tensor, types }) =>
    `${name}: the numbers of ${tensor} are of a type that is not read here: save them as one of ${types}.`,
  'no drawing': () => 'A drawing is 8×8 numbers from 0 to 16.',
  'no digits': ({ status }) => `The file of a network for digits is not there (${status}): load the page again.`,
};
