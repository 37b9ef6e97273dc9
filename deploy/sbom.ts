// `npm run sbom [-- FILE]`: writes what a production install holds, as package-lock.json says it, to FILE, by default sbom.cdx.json. The
// Dockerfile does the same. The tool is fetched for the moment, so that none of its packages is one of ours.
import { spawnSync } from 'node:child_process';

const TOOL = '@cyclonedx/cyclonedx-npm@6.0.1';
const [file = 'sbom.cdx.json'] = process.argv.slice(2);
const { status, error } = spawnSync(
  'npx',
  [
    ...['--yes', '--package', TOOL, 'cyclonedx-npm', '--omit', 'dev', '--package-lock-only', '--spec-version', '1.6'],
    ...['--output-reproducible', '--output-file', file],
  ],
  { stdio: 'inherit' },
);
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
