import { replaces, type Entitlement } from './entitlement.ts';

/** Rows a page. A table grows by pages, so no row is ever copied. */
const ROWS = 4_096;
/** Numbers a row, in this order; NaN stands for null. */
const NUMBERS = 9;
/** Reason and phase, by their places in the list of words. */
const WORDS = 2;
const ID_BYTES = 16;
const ALLOWED = 0x8000;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const NO_ID = '00000000-0000-0000-0000-000000000000';

interface Page {
  readonly numbers: Float64Array;
  readonly words: Uint16Array;
  readonly ids: Buffer;
}

/** Entitlements by key, in typed arrays: a million objects would take three times the memory, and be the collector's work. */
export class EntitlementTable {
  readonly #rows = new Map<string, number>();
  readonly #pages: Page[] = [];
  readonly #free: number[] = [];
  readonly #words: (string | null)[] = [null];
  #used = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** Keeps the entitlement, unless a newer one is there. @returns whether it was kept. @throws TypeError for a licenseId that is no UUID */
  put(key: string, entitlement: Entitlement): boolean {
    const known = this.#rows.get(key);
    if (known !== undefined && !replaces(entitlement, this.#ageOf(known))) return false;
    const licenseId = entitlement.licenseId ?? NO_ID;
    if (!UUID.test(licenseId)) throw new TypeError(`the licenseId of ${key} is no UUID`);
    const row = known ?? this.#free.pop() ?? this.#used++;
    this.#rows.set(key, row);
    this.#write(row, entitlement, licenseId);
    return true;
  }

  delete(key: string): void {
    const row = this.#rows.get(key);
    if (row === undefined) return;
    this.#rows.delete(key);
    this.#free.push(row);
  }

  get(key: string): Entitlement | undefined {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    const { ids } = this.#page(row);
    const hex = ids.toString('hex', (row % ROWS) * ID_BYTES, (row % ROWS) * ID_BYTES + ID_BYTES);
    const licenseId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    return {
      ...this.#ageOf(row),
      ...this.#termsOf(row),
      licenseId: licenseId === NO_ID ? null : licenseId,
      phase: this.#word(row, 1),
      requestsLimit: this.#number(row, 4),
      hardLimit: this.#number(row, 5),
      usedRequests: this.#number(row, 6) ?? 0,
      periodEndsAt: this.#number(row, 7),
    };
  }

  /** The part that `decide` needs, without the cost of the whole. */
  terms(key: string): Pick<Entitlement, 'allowed' | 'reason' | 'validFrom' | 'validUntil'> | undefined {
    const row = this.#rows.get(key);
    return row === undefined ? undefined : this.#termsOf(row);
  }

  keys(): Iterable<string> {
    return this.#rows.keys();
  }

  #termsOf(row: number): Pick<Entitlement, 'allowed' | 'reason' | 'validFrom' | 'validUntil'> {
    return {
      allowed: ((this.#page(row).words[(row % ROWS) * WORDS] ?? 0) & ALLOWED) !== 0,
      reason: this.#word(row, 0) ?? '',
      validFrom: this.#number(row, 2),
      validUntil: this.#number(row, 3),
    };
  }

  #ageOf(row: number): Pick<Entitlement, 'epoch' | 'version' | 'issuedAt'> {
    return {
      epoch: this.#number(row, 0) ?? 0,
      version: this.#number(row, 1) ?? 0,
      issuedAt: this.#number(row, 8) ?? 0,
    };
  }

  #write(row: number, { allowed, reason, phase, ...rest }: Entitlement, licenseId: string): void {
    const { numbers, words, ids } = this.#page(row);
    const { epoch, version, validFrom, validUntil, requestsLimit, hardLimit, usedRequests, periodEndsAt, issuedAt } =
      rest;
    const values = [
      epoch,
      version,
      validFrom,
      validUntil,
      requestsLimit,
      hardLimit,
      usedRequests,
      periodEndsAt,
      issuedAt,
    ];
    const at = row % ROWS;
    values.forEach((value, i) => (numbers[at * NUMBERS + i] = value ?? NaN));
    words[at * WORDS] = this.#wordNumber(reason) | (allowed ? ALLOWED : 0);
    words[at * WORDS + 1] = this.#wordNumber(phase);
    ids.write(licenseId.replaceAll('-', ''), at * ID_BYTES, 'hex');
  }

  #number(row: number, field: number): number | null {
    const value = this.#page(row).numbers[(row % ROWS) * NUMBERS + field] ?? NaN;
    return Number.isNaN(value) ? null : value;
  }

  #word(row: number, field: number): string | null {
    return this.#words[(this.#page(row).words[(row % ROWS) * WORDS + field] ?? 0) & ~ALLOWED] ?? null;
  }

  #wordNumber(word: string | null): number {
    const known = this.#words.indexOf(word);
    return known === -1 ? this.#words.push(word) - 1 : known;
  }

  #page(row: number): Page {
    return (this.#pages[Math.floor(row / ROWS)] ??= {
      numbers: new Float64Array(ROWS * NUMBERS),
      words: new Uint16Array(ROWS * WORDS),
      ids: Buffer.alloc(ROWS * ID_BYTES),
    });
  }
}
