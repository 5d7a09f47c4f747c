throw new Error('headless-gl is not installed in this repository');
