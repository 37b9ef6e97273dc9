import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createService } from '../../stack/service.ts';

test('a server that ends though nobody asked it to is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'licensing-service-'));
  const service = createService({
    ...{ name: 'kafka', port: 1, logFile: join(folder, 'log'), stopSignal: 'SIGTERM' },
    launch: () => ({
      command: process.execPath,
      args: ['-e', 'setInterval(() => undefined, 60_000)'],
    }),
    probe: () => Promise.resolve(),
  });
  try {
    await service.start();
    const failure = service.failure();
    service.signal('SIGKILL');
    await expect(failure).rejects.toMatchObject({
      headline: 'kafka ended by SIGKILL',
      message: expect.stringMatching(/^kafka ended by SIGKILL; its log is .*log, the last lines:\n/),
    });
  } finally {
    await service.kill();
    await rm(folder, { recursive: true });
  }
});
