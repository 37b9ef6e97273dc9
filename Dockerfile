# The worker and its CLI. `docker build -t licensing .`, then `docker run licensing worker`, `... migrate up` and so on.
FROM node:24-bookworm-slim AS build

ENV NODE_ENV=production
WORKDIR /app

# The packages first: they change more rarely than the source, so their layer is mostly cached.
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

# What the image holds, from the lockfile. The same as `npm run sbom`.
RUN npx --yes --package @cyclonedx/cyclonedx-npm@6.0.1 cyclonedx-npm --omit dev --package-lock-only \
      --spec-version 1.6 --output-reproducible --output-file sbom.cdx.json

# What only compilers and people read.
RUN find node_modules -type f \( -name '*.ts' -o -name '*.map' -o -iname '*.md' \) -delete

COPY migrations ./migrations
COPY src ./src

# Types taken away and code compiled, ahead of each start: it halves what a start and a probe take. Nothing is written to it later.
ENV NODE_COMPILE_CACHE=/app/.compile-cache
RUN node src/main.ts worker --help && (node src/main.ts health live || true)

# Debian and Node, without npm.
FROM debian:bookworm-slim

COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
# The name is what `dlq discard` keeps of who has discarded a letter.
RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin licensing

# HEALTH_FILE lies in memory, on a file system that containers have also when their root is read-only.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache HEALTH_FILE=/dev/shm/licensing-health
WORKDIR /app
# It owns nothing here and has nothing to write: `docker run --read-only` works. By number, since Kubernetes asks for one that is not root.
USER 1000:1000

# The worker finishes its chunk, commits and leaves its group; give it 10 s.
STOPSIGNAL SIGTERM
# Of a worker. Other verbs have no health: `docker run --no-healthcheck`.
HEALTHCHECK --interval=20s --timeout=5s --start-period=10s --retries=3 CMD ["node", "src/main.ts", "health", "live"]
# A small young generation, see docs/decisions/0012. No shell in between, so signals reach the worker.
ENTRYPOINT ["node", "--max-semi-space-size=16", "src/main.ts"]
CMD ["worker"]
