// `npm run package:helm`: packs the chart, with the SBOM beside its Chart.yaml, into the current folder.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHART, helmProgram } from './helm.ts';

const folder = mkdtempSync(join(tmpdir(), 'licensing-chart-'));
const copy = join(folder, 'licensing');
try {
  cpSync(CHART, copy, { recursive: true });
  const made = spawnSync(process.execPath, [join(import.meta.dirname, 'sbom.ts'), join(copy, 'sbom.cdx.json')], {
    stdio: 'inherit',
  });
  if (made.status !== 0) throw new Error('the SBOM could not be made');
  const packed = spawnSync(await helmProgram(), ['package', copy], { stdio: 'inherit' });
  process.exitCode = packed.status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
