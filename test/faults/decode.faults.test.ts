import { fuzzDecode } from '../support/decode-fuzz.ts';

const FRAMES = 1_000_000;
const WITHIN_MS = 230_000;
const WARM = 200_000;
const GROWTH_BYTES = 64_000_000;

test(
  `decode: ${FRAMES} mutated frames, and no crash, no hang, no growth of memory`,
  async () => {
    let warm = 0;
    let most = 0;
    const { refused } = await fuzzDecode({
      frames: FRAMES,
      seed: 5,
      progress: (done) => {
        const { rss } = process.memoryUsage();
        if (done <= WARM) warm = Math.max(warm, rss);
        most = Math.max(most, rss);
      },
    });
    expect(refused).toBeGreaterThan(FRAMES / 4);
    expect(most - warm).toBeLessThan(GROWTH_BYTES);
  },
  WITHIN_MS,
);
