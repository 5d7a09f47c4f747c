/** Words of the element `whittle-lab`. It stands in others' pages and carries its words with it. */
export const embed = {
  play: 'Play',
  pause: 'Pause',
  restart: 'Start again',
  open: 'Open in the lab',
  opens: 'opens a new page',
  loading: 'Loading …',
  /** Before the first epoch. */
  ready: 'Ready to train.',
  data: {
    spiral: 'Spiral',
    moons: 'Moons',
    circles: 'Circles',
    xor: 'XOR',
    gaussians: 'Gaussians',
    polynomial: 'Polynomial',
    sine: 'Sine',
    plane: 'Plane',
    aboveSine: 'Above a sine',
    drawn: 'Drawn points',
    table: 'Table',
    digits: 'Digits',
  },
  title: (data: string, layers: string) => `${data}, ${layers}`,
  noLayers: 'no hidden layer',
  layers: (units: readonly number[]) => `${units.join(' and ')} neurons`,
  progress: (epoch: string, validation: string, test: string) =>
    `Epoch ${epoch} · validation ${validation} · test ${test}`,
  plane: (wrong: string) => `Map of the network's answers over two numbers, with the samples. ${wrong}`,
  wrong: (train: number, validation: number, test: number) =>
    `Wrong: ${train} in training, ${validation} in validation, ${test} in test.`,
  curve: 'The curve that the network has fitted, with the samples and, dashed, the truth.',
  losses: (epoch: string, train: string, validation: string) =>
    `Loss by epoch. In epoch ${epoch}: training ${train}, validation ${validation}.`,
  noLosses: 'Loss by epoch: none yet.',
  train: 'training',
  validation: 'validation',
  done: (epoch: string) => `All ${epoch} epochs are done.`,
  paused: (epoch: string) => `Paused after epoch ${epoch}.`,
  early: (epoch: string) => `Stopped early: validation was best in epoch ${epoch}.`,
  nan: (epoch: string, rate: string) =>
    `Training broke down in epoch ${epoch}: the steps are too large. A learning rate of ${rate} may do.`,
  refused: (message: string) => `The experiment could not be run: ${message}`,
  /** Where the browser does not say why. */
  notLoaded:
    'its script was not loaded. Is the connection there, and does the policy of this page allow it (worker-src)?',
  noEngine: (message: string) => `The engine could not be started: ${message}`,
  noTable: 'A table cannot stand in an address: choose other data for this element.',
};
