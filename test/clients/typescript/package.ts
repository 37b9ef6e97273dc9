import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const execute = promisify(execFile);

/** An empty project, with the package in it as `npm pack` makes it, and the programs, which TypeScript has passed. @returns its folder */
export async function projectWithPackage(programs: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'licensing-project-'));
  const client = join(ROOT, 'clients', 'typescript');
  await execute('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: client });
  write(folder, 'package.json', { name: 'project', version: '1.0.0', private: true, type: 'module' });
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', './licensing-client-0.1.0.tgz'];
  await execute('npm', install, { cwd: folder });
  // What a project has beside the package: Node's types, and a compiler that is as strict as it can be.
  mkdirSync(join(folder, 'programs'));
  for (const file of programs) cpSync(join(ROOT, file), join(folder, 'programs', basename(file)));
  write(folder, 'tsconfig.json', {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules', '@types')],
    },
    include: ['programs'],
  });
  await execute(process.execPath, [TSC, '-p', folder]).catch((error: unknown) => {
    throw new Error(`the programs do not compile with the package: ${String(Reflect.get(Object(error), 'stdout'))}`);
  });
  return folder;
}

function write(folder: string, file: string, content: object): void {
  writeFileSync(join(folder, file), JSON.stringify(content));
}
