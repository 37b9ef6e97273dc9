// In the repository. The package has a copy of the file itself instead, which build.ts puts here.
export { SCHEMAS } from '../../../src/generated/schemas.ts';
