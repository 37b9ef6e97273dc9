import pg from 'pg';

/**
 * What must hold in every snapshot of the tables, whatever is under way: rows that break a rule of the domain, by the rule's name.
 * Each statement of PostgreSQL sees one snapshot, so this is one statement. Nobody frees a key by hand while it is watched.
 */
const BROKEN = `
  SELECT 'more than one active license' AS rule, tenant_id || '/' || subdivision_id AS what
    FROM licenses WHERE status = 'active' GROUP BY tenant_id, subdivision_id HAVING count(*) > 1
  UNION ALL SELECT 'active without an active license', s.tenant_id || '/' || s.subdivision_id
    FROM subdivisions s LEFT JOIN licenses l
      ON l.tenant_id = s.tenant_id AND l.license_id = s.active_license_id AND l.subdivision_id = s.subdivision_id AND l.status = 'active'
    WHERE (s.work_status = 'active' OR s.active_license_id IS NOT NULL) AND l.license_id IS NULL
  UNION ALL SELECT 'an exhausted license is active', tenant_id || '/' || license_id
    FROM licenses WHERE status = 'active' AND overage IS DISTINCT FROM 'unlimited'
      AND used_requests >= requests_limit * (100 + coalesce(overage_percent, 0)) / 100
  UNION ALL SELECT 'used is not the sum of what was counted', l.tenant_id || '/' || l.license_id
    FROM licenses l LEFT JOIN (
      SELECT tenant_id, license_id, coalesce(count_number, 0) AS number, sum(count_requests) AS counted
      FROM statistic_rows WHERE counted GROUP BY 1, 2, 3) r
      ON r.tenant_id = l.tenant_id AND r.license_id = l.license_id AND r.number = coalesce(l.count_number, 0)
    WHERE NOT l.deleted AND l.used_requests <> coalesce(r.counted, 0)
  UNION ALL SELECT 'a name that is not its tenant''s', n.name
    FROM tenant_names n LEFT JOIN tenants t ON t.tenant_id = n.tenant_id AND t.name = n.name WHERE t.tenant_id IS NULL
  UNION ALL SELECT 'a living tenant without its name', t.tenant_id::text
    FROM tenants t LEFT JOIN tenant_names n ON n.name = t.name AND n.tenant_id = t.tenant_id
    WHERE NOT t.deleted AND n.name IS NULL
  UNION ALL SELECT 'the list of active licenses is another', coalesce(a.license_id, l.license_id)::text
    FROM tenant_active_licenses a FULL JOIN (SELECT * FROM licenses WHERE status = 'active') l
      ON l.tenant_id = a.tenant_id AND l.license_id = a.license_id
    WHERE a.license_id IS NULL OR l.license_id IS NULL
  UNION ALL SELECT 'a user of a tenant that does not live', u.user_id::text
    FROM users u LEFT JOIN tenants t ON t.tenant_id = u.tenant_id AND NOT t.deleted
    WHERE u.tenant_id IS NOT NULL AND t.tenant_id IS NULL
  UNION ALL SELECT 'an open letter that parks is not the same as one that waits', coalesce(l.key, p.key) || '/' || coalesce(l.letter_id, p.letter_id)
    FROM (SELECT letter_id, unnest(keys) AS key FROM dead_letters WHERE state = 'open' AND parks) l
      FULL JOIN parked_letters p ON p.key = l.key AND p.letter_id = l.letter_id
    WHERE l.letter_id IS NULL OR p.letter_id IS NULL
  UNION ALL SELECT 'letters wait for a key that is free', p.key::text
    FROM parked_letters p LEFT JOIN parked_keys k ON k.key = p.key AND k.parked WHERE k.key IS NULL`;

const BETWEEN_LOOKS_MS = 200;

/** Looks at snapshot after snapshot while something goes on. */
export class InvariantWatch {
  private readonly url: string;
  private readonly found = new Set<string>();
  private readonly looking: Promise<void>;
  private over = false;
  private wake: () => void = () => undefined;
  private looks = 0;

  constructor(url: string) {
    this.url = url;
    this.looking = this.look();
  }

  /** What broke a rule in some snapshot. @throws when there was none */
  broken(): readonly string[] {
    if (this.looks === 0) throw new Error('no snapshot was looked at');
    return [...this.found];
  }

  async end(): Promise<void> {
    this.over = true;
    this.wake();
    await this.looking;
  }

  private async look(): Promise<void> {
    do {
      try {
        await this.lookOnce();
      } catch {
        // The database may be what the fault is about.
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        if (this.over) resolve();
        else setTimeout(resolve, BETWEEN_LOOKS_MS);
      });
    } while (!this.over);
  }

  private async lookOnce(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 2_000, query_timeout: 10_000 });
    client.on('error', () => undefined); // the query fails too
    try {
      await client.connect();
      const { rows } = await client.query<{ readonly rule: string; readonly what: string }>(BROKEN);
      for (const { rule, what } of rows) this.found.add(`${rule}: ${what}`);
      this.looks += 1;
    } finally {
      await client.end();
    }
  }
}
