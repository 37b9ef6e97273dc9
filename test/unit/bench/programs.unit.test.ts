import { workerOfCommit } from '../../../bench/programs.ts';

it('a commit that the repository does not have is refused by its name', async () => {
  await expect(workerOfCommit('no-such-commit', () => undefined)).rejects.toThrow(
    "this repository has no commit 'no-such-commit'",
  );
});
