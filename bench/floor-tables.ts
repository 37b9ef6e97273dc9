import type { Message } from 'kafkajs';
import pg from 'pg';

import { booleans, byteas, longs, times, uuids } from '../src/repos/tables/arrays.ts';
import { headerBytes, headersOf, type Event, type Identity, type Row } from './event.ts';

/** A locked subdivision, with its active license. */
export interface Place {
  readonly tenant: string;
  readonly subdivision: string;
  readonly license: string;
  readonly limit: number;
  /** Milliseconds since the epoch. */
  readonly activated: number;
  used: number;
  version: number;
}

export interface Decision {
  readonly row: Row;
  readonly place: Place;
  readonly counted: boolean;
}

/** The records that are owed to Kafka under `lane`, numbered from `first` on, and up to which number they are delivered and may be deleted. */
export interface Debt {
  readonly lane: string;
  readonly first: number;
  readonly delivered: { readonly from: number; readonly to: number };
  readonly topic: string;
  readonly events: readonly Event[];
}

/** The statements of the floor: prepared, with binary arrays, and sent over one connection without waiting for answers in between. */
export class Tables {
  private readonly client: pg.Client;

  private constructor(client: pg.Client) {
    this.client = client;
  }

  static async connect(): Promise<Tables> {
    const plans = ['jit=off', 'enable_seqscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off'];
    const settings = [...plans, 'plan_cache_mode=force_generic_plan'].map((setting) => `-c ${setting}`).join(' ');
    const client = new pg.Client({ connectionString: process.env['DATABASE_URL'], options: settings, pipeline: true });
    await client.connect();
    return new Tables(client);
  }

  begin(): Promise<unknown> {
    return this.client.query('BEGIN');
  }

  commit(): Promise<unknown> {
    return this.client.query('COMMIT');
  }

  /** Inserts the identities. @returns those that were known before */
  async unseen(identities: readonly Identity[], lane: string): Promise<ReadonlySet<string>> {
    const sorted = [...identities].sort((a, b) => (a.hash < b.hash ? -1 : 1));
    const { rowCount } = await this.run(
      'inbox',
      `INSERT INTO inbox (identity, digest, lane, outcome)
       SELECT i, d, $3, 'accepted' FROM unnest($1::uuid[], $2::uuid[]) AS m (i, d) ON CONFLICT DO NOTHING`,
      [uuids(sorted.map(({ hash }) => hash)), uuids(sorted.map(({ digest }) => digest)), lane],
    );
    if (rowCount === identities.length) return new Set();
    const { rows } = await this.run<{ hash: string }>(
      'seen',
      `SELECT replace(identity::text, '-', '') AS hash FROM inbox
       WHERE identity = ANY ($1::uuid[]) AND xmin <> pg_current_xact_id()::xid`,
      [uuids(identities.map(({ hash }) => hash))],
    );
    return new Set(rows.map(({ hash }) => hash));
  }

  async lock(rows: readonly Row[]): Promise<ReadonlyMap<string, Place>> {
    const keys = new Map(rows.map((row) => [row.subdivisionId, row.tenantId]));
    const { rows: places } = await this.run<Place>(
      'lock',
      `SELECT s.tenant_id AS tenant, s.subdivision_id AS subdivision, s.version::float8, l.license_id AS license,
         l.requests_limit::float8 AS limit, l.used_requests::float8 AS used,
         extract(epoch FROM l.activated_at)::float8 * 1000 AS activated
       FROM unnest($1::uuid[], $2::uuid[]) AS k (t, s) JOIN subdivisions s ON s.tenant_id = k.t AND s.subdivision_id = k.s
       JOIN licenses l ON l.tenant_id = k.t AND l.license_id = s.active_license_id
       ORDER BY s.tenant_id, s.subdivision_id FOR UPDATE OF s`,
      [uuids([...keys.values()]), uuids([...keys.keys()])],
    );
    return new Map(places.map((place) => [place.subdivision, place]));
  }

  /** How many of the rows exist already, by their id or by their time. */
  async known(rows: readonly Row[]): Promise<number> {
    const tenants = uuids(rows.map((row) => row.tenantId));
    const { rowCount } = await this.run(
      'known',
      `SELECT FROM unnest($1::uuid[], $2::uuid[]) AS k (t, r)
       JOIN statistic_rows r ON r.tenant_id = k.t AND r.statistic_row_id = k.r
       UNION ALL SELECT FROM unnest($1::uuid[], $3::uuid[], $4::timestamptz[]) AS k (t, s, c)
       JOIN statistic_rows r ON r.tenant_id = k.t AND r.subdivision_id = k.s AND r.created = k.c`,
      [
        tenants,
        uuids(rows.map((row) => row.statisticRowId)),
        uuids(rows.map((row) => row.subdivisionId)),
        times(rows.map((row) => row.created)),
      ],
    );
    return rowCount ?? 0;
  }

  /** Writes everything that was decided, and what is owed for it. No statement waits for the answer of the one before. */
  async write(decisions: readonly Decision[], places: readonly Place[], lane: string): Promise<void> {
    const tenants = uuids(places.map(({ tenant }) => tenant));
    await Promise.all([
      this.run(
        'versions',
        `UPDATE subdivisions s SET version = c.v, lane = $4 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS c (t, s, v)
         WHERE s.tenant_id = c.t AND s.subdivision_id = c.s`,
        [
          tenants,
          uuids(places.map(({ subdivision }) => subdivision)),
          longs(places.map(({ version }) => version)),
          lane,
        ],
      ),
      this.run(
        'usage',
        `UPDATE licenses l SET used_requests = c.u FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS c (t, l, u)
         WHERE l.tenant_id = c.t AND l.license_id = c.l`,
        [tenants, uuids(places.map(({ license }) => license)), longs(places.map(({ used }) => used))],
      ),
      this.run(
        'rows',
        `INSERT INTO statistic_rows (tenant_id, statistic_row_id, subdivision_id, license_id, created, count_requests, counted)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::bigint[], $7::boolean[])`,
        [
          uuids(decisions.map(({ row }) => row.tenantId)),
          uuids(decisions.map(({ row }) => row.statisticRowId)),
          uuids(decisions.map(({ row }) => row.subdivisionId)),
          uuids(decisions.map(({ place }) => place.license)),
          times(decisions.map(({ row }) => row.created)),
          longs(decisions.map(({ row }) => row.countRequests)),
          booleans(decisions.map(({ counted }) => counted)),
        ],
      ),
    ]);
  }

  async owe({ lane, first, delivered, topic, events }: Debt): Promise<void> {
    await this.run(
      'owe',
      `WITH gone AS (DELETE FROM outbox WHERE lane = $1 AND seq >= $2 AND seq < $3)
       INSERT INTO outbox (lane, seq, topic, key, headers, value)
       SELECT $1::uuid, $4::bigint + n - 1, $5, k, h, v
       FROM unnest($6::bytea[], $7::bytea[], $8::bytea[]) WITH ORDINALITY AS x (k, h, v, n)`,
      [
        lane,
        delivered.from,
        delivered.to,
        first,
        topic,
        byteas(events.map((event) => event.key)),
        byteas(events.map(headerBytes)),
        byteas(events.map((event) => event.value)),
      ],
    );
  }

  async deleteDelivered(lane: string, from: number, to: number): Promise<void> {
    await this.run('delivered', 'DELETE FROM outbox WHERE lane = $1 AND seq >= $2 AND seq < $3', [lane, from, to]);
  }

  /** Publishes what a crash has left behind, before anything new. */
  async leftovers(publish: (messages: readonly Message[]) => Promise<unknown>): Promise<void> {
    type Owed = Pick<Event, 'key' | 'value'> & {
      readonly lane: string;
      readonly seq: string;
      readonly headers: Buffer;
    };
    for (;;) {
      const { rows } = await this.run<Owed>('left', 'SELECT * FROM outbox ORDER BY lane, seq LIMIT 1000', []);
      if (rows.length === 0) return;
      await publish(rows.map(({ key, value, headers }) => ({ key, value, headers: headersOf(headers) })));
      await this.run(
        'paid',
        'DELETE FROM outbox o USING unnest($1::uuid[], $2::bigint[]) AS k (l, s) WHERE lane = l AND seq = s',
        [uuids(rows.map(({ lane }) => lane)), longs(rows.map(({ seq }) => Number(seq)))],
      );
    }
  }

  private run<R extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<pg.QueryResult<R>> {
    return this.client.query<R>({ name, text, values });
  }
}
