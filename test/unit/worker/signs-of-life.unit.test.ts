import type { LaneStatement } from '../../../src/ports/levels.ts';
import { SignsOfLife } from '../../../src/worker/outbox/signs-of-life.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const SETTINGS = { interval: 1, silence: 1_000 };

describe('signs of life', () => {
  it('are given round after round, of the lane ids of that moment: one that is given up stays silent', async () => {
    const given: (readonly string[])[] = [];
    const end = new AbortController();
    let failures = 1;
    const signs = new SignsOfLife(SETTINGS, {
      outboxMaintenance: {
        touch: async (lanes) => {
          given.push(lanes.map(({ lane }) => lane));
          if (given.length === 3) end.abort(new Error('enough'));
          if (failures-- > 0) throw new Error('no database');
        },
      },
      telemetry: silentTelemetry(),
      livingLanes: () => [stated(`lane ${given.length}`)],
      failed: none,
    });
    await signs.run(end.signal);
    expect(given).toEqual([['lane 0'], ['lane 1'], ['lane 2']]);
  });

  it('are late once none was given for a good part of the silence, and only if one was given before', async () => {
    let [now, isAway] = [0, true];
    const signs = new SignsOfLife(
      SETTINGS,
      {
        outboxMaintenance: {
          touch: async () => {
            if (isAway) throw new Error('no database');
          },
        },
        telemetry: silentTelemetry(),
        livingLanes: () => [stated('lane')],
        failed: none,
      },
      () => now,
    );
    const late: boolean[] = [];
    const give = async (at: number): Promise<void> => {
      now = at;
      await signs.give().catch(() => undefined);
      late.push(signs.areLate);
    };
    await give(2_000);
    isAway = false;
    await give(2_000);
    isAway = true;
    await give(2_500);
    await give(2_501);
    isAway = false;
    await give(2_502);
    expect(late).toEqual([false, false, false, true, false]);
  });
});

function stated(lane: string): LaneStatement {
  return { lane, level: 1, group: 'g', partitions: [] };
}

function none(): never {
  throw new Error('not used');
}
