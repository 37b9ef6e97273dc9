/** Tests are ESM, in TypeScript, without a build; swc takes the types away. `test/run.ts` calls jest with the right flags. */
const config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  testTimeout: 240_000,
  // Files wait for servers a fifth of the time: a third one at once fills two cores.
  maxWorkers: 3,
  testSequencer: '<rootDir>/test/sequencer.js',
};

export { config as default };
