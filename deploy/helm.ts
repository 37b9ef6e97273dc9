import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { download, run } from '../stack/downloads.ts';

const VERSION = 'v3.22.0';
const ROOT = fileURLToPath(new URL('..', import.meta.url));

export const CACHE = join(ROOT, '.cache');
export const CHART = join(ROOT, 'deploy', 'helm', 'licensing');

/** The path of helm, built by Go if it is not in the cache yet. That takes some minutes. */
export async function helmProgram(): Promise<string> {
  const folder = await download(CACHE, console.log, {
    what: `helm ${VERSION} (built from source)`,
    cacheName: `helm-${VERSION}`,
    fetch: (directory, logFile) =>
      run(
        'env',
        [`GOBIN=${directory}`, 'CGO_ENABLED=0', 'go', 'install', `helm.sh/helm/v3/cmd/helm@${VERSION}`],
        logFile,
      ),
  });
  return join(folder, 'helm');
}
