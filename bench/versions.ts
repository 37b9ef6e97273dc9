import { readFile } from 'node:fs/promises';
import pg from 'pg';
import type { Stack } from '../stack/stack.ts';

/** The versions of everything whose speed is part of a figure. */
export async function versionsOf(stack: Stack): Promise<Readonly<Record<string, string>>> {
  return {
    Node: process.version.slice(1),
    Kafka: await match('../stack/pom.xml', /<kafka\.version>([^<]+)</),
    PostgreSQL: await postgresVersion(stack.databaseUrl),
    kafkajs: await match('../node_modules/kafkajs/package.json', /"version": "([^"]+)"/),
    pg: await match('../node_modules/pg/package.json', /"version": "([^"]+)"/),
  };
}

async function match(file: string, pattern: RegExp): Promise<string> {
  return pattern.exec(await readFile(new URL(file, import.meta.url), 'utf8'))?.[1] ?? 'unknown';
}

async function postgresVersion(url: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return rows[0]?.server_version ?? 'unknown';
}
