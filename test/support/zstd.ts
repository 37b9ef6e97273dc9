import { zstdCompressSync } from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from '../../src/adapters/kafkajs.ts';

// For producers of this process only, as producers elsewhere have it. There is nothing to unpack with, as in the worker: who reads
// such a batch fails.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { readonly buffer: Buffer }): Promise<Buffer> => zstdCompressSync(buffer),
});

export const BY_ZSTD = CompressionTypes.ZSTD;
