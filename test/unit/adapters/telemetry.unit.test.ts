import { pino } from 'pino';
import { LogTelemetry } from '../../../src/adapters/telemetry.ts';

const SECOND = 1_000;

describe('telemetry', () => {
  it('counts what is waited for and how long, in each report for as long as it lasts', () => {
    const { telemetry, lines, counters, after } = given();
    telemetry.waiting('broker', new Error('no leader'));
    after(40 * SECOND, () => telemetry.waiting('broker', new Error('no leader')));
    after(20 * SECOND, () => telemetry.stop());
    after(60 * SECOND, () => telemetry.stop());
    after(10 * SECOND, () => telemetry.recovered('broker'));
    after(50 * SECOND, () => telemetry.stop());
    after(60 * SECOND, () => telemetry.stop());
    expect(counters()).toEqual([
      { 'waiting broker': 2, 'waitedMs broker': 60_000 },
      { 'waitedMs broker': 60_000 },
      { 'waitedMs broker': 10_000 },
    ]);
    expect(lines.find(({ msg }) => msg === 'the broker is back')).toMatchObject({ waitedMs: 130_000 });
  });

  it('tells of a wait at once, then once a minute', () => {
    const { telemetry, lines, after } = given();
    for (let i = 0; i < 13; i += 1) {
      telemetry.waiting('database', new Error('away'));
      after(10 * SECOND, () => undefined);
    }
    telemetry.stop();
    const told = lines.filter(({ msg }) => msg === 'waiting for the database');
    expect(told.map(({ waitingMs }) => waitingMs)).toEqual([0, 60_000, 120_000]);
  });

  it('sums up what is counted, and reports nothing when there is nothing', () => {
    const { telemetry, counters } = given();
    telemetry.count('accepted', 'CreateTenant');
    telemetry.count('accepted', 'CreateTenant', 2);
    telemetry.recovered('broker');
    telemetry.stop();
    telemetry.stop();
    expect(counters()).toEqual([{ 'accepted CreateTenant': 3 }]);
  });
});

interface Line {
  readonly msg: string;
  readonly counters?: Readonly<Record<string, number>>;
  readonly waitingMs?: number;
  readonly waitedMs?: number;
}

/** Its clock stands still but for `after`; its end is a report like that of every minute. */
function given() {
  const lines: Line[] = [];
  let now = 0;
  const logger = pino({}, { write: (line) => void lines.push(JSON.parse(line) as Line) });
  const telemetry = new LogTelemetry(logger, () => now);
  const after = (milliseconds: number, then: () => void): void => {
    now += milliseconds;
    then();
  };
  const counters = () => lines.map((line) => line.counters).filter((one) => one !== undefined);
  return { telemetry, lines, counters, after };
}
