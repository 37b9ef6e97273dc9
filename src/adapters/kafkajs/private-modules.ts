import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Takes what a module exports, and returns what the others are to get instead. `load` gives the exports of another module by its path. */
export type Mend = (original: unknown, load: (path: string) => unknown) => unknown;

interface Module {
  exports: unknown;
}

type Wrapper = (exports: unknown, require: unknown, module: Module, filename: string, dirname: string) => void;

/**
 * A copy of a CommonJS package for this program alone. Node loads a package once a process, into `require.cache`: mending that copy would
 * mend it for a host program too, and would come too late where the host has loaded it already. Paths are from the folder of the package.
 */
export class PrivateModules {
  private readonly folder: string;
  private readonly mends: ReadonlyMap<string, Mend>;
  private readonly modules = new Map<string, Module>();

  /** @param mends by path; each is applied once, before any other module sees what the file exports */
  constructor(folder: string, mends: ReadonlyMap<string, Mend>) {
    this.folder = folder;
    this.mends = mends;
  }

  /** @returns what the file exports, mended */
  load(path: string): unknown {
    return this.moduleOf(join(this.folder, path)).exports;
  }

  private moduleOf(file: string): Module {
    const known = this.modules.get(file);
    if (known !== undefined) return known;
    const module: Module = { exports: {} };
    this.modules.set(file, module); // before it runs: modules may need each other
    this.run(file, module);
    const mend = this.mends.get(relative(this.folder, file));
    if (mend !== undefined) module.exports = mend(module.exports, (path) => this.load(path));
    return module;
  }

  private run(file: string, module: Module): void {
    const source = readFileSync(file, 'utf8');
    if (file.endsWith('.json')) {
      module.exports = JSON.parse(source);
      return;
    }
    // As Node wraps a CommonJS module. An indirect eval runs in the global scope of this program, a function of node:vm would not under jest;
    // errors would then be instances of another Error.
    const wrapper = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
    const run = globalThis.eval(`${wrapper}\n//# sourceURL=${pathToFileURL(file).href}`) as Wrapper;
    run.call(module.exports, module.exports, this.requireFrom(file), module, file, dirname(file));
  }

  private requireFrom(file: string): (specifier: string) => unknown {
    const native = createRequire(file);
    // kafkajs requires modules of its protocol with every request.
    const known = new Map<string, Module>();
    return (specifier) => {
      let module = known.get(specifier);
      if (module === undefined) {
        module = isBuiltin(specifier) ? { exports: native(specifier) } : this.moduleOf(native.resolve(specifier));
        known.set(specifier, module);
      }
      return module.exports;
    };
  }
}
