import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as prettier from 'prettier';

/** Of the repository. */
export const ROOT = join(import.meta.dirname, '..');

/** `path` from the repository's root. */
export type Output = { readonly path: string; readonly text: string };

export async function write(outputs: readonly Output[]): Promise<void> {
  for (const { path, text } of outputs) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), text);
  }
}

export async function formatted(files: readonly Output[]): Promise<readonly Output[]> {
  return Promise.all(
    files.map(async ({ path, text }) => {
      const filepath = join(ROOT, path);
      return { path, text: await prettier.format(text, { ...(await prettier.resolveConfig(filepath)), filepath }) };
    }),
  );
}
