import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const config = defineConfig(
  { ignores: ['node_modules', '.cache', 'src/generated', 'clients/typescript/build', 'clients/typescript/dist'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Brands are given by the caller: `id<TenantId>(text)`.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      // Ports say Promise where one implementation waits and another need not.
      '@typescript-eslint/require-await': 'off',
      // Handlers are classes because the container builds them, some without a dependency.
      '@typescript-eslint/no-extraneous-class': 'off',
      // kafkajs passes its callbacks as methods that need no `this`.
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'No default exports: one name for one thing.' },
        {
          selector: "ImportDeclaration[source.value='kafkajs'][importKind!='type']",
          message: "Import values of kafkajs from src/adapters/kafkajs.ts: the worker's own copy, mended.",
        },
      ],
    },
  },
  {
    files: ['test/**', 'bench/**', 'stack/**'],
    rules: {
      // JSON and jest's matchers are `any`; what is wrong about them shows when the test runs.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // Programs and packages for readers elsewhere, who have kafkajs as it comes.
    files: ['docs/**', 'clients/**', 'test/clients/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'No default exports: one name for one thing.' },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
      },
    },
  },
);

export { config as default };
