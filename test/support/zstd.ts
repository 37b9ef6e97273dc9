import { zstdCompressSync } from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from '../../src/adapters/kafkajs.ts';

// For producers of this process: kafkajs has no codec for zstd, and the worker's decoder only unpacks.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { readonly buffer: Buffer }): Promise<Buffer> => zstdCompressSync(buffer),
});

export const BY_ZSTD = CompressionTypes.ZSTD;
