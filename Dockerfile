# The worker and its CLI. `docker build -t licensing .`, then `docker run licensing worker`, `... migrate up` and so on.
FROM node:24-slim

ENV NODE_ENV=production
WORKDIR /app

# The packages first: they change more rarely than the source, so their layer is mostly cached.
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

COPY schemas ./schemas
COPY migrations ./migrations
COPY src ./src

# The image's own unprivileged user; it owns nothing here and has nothing to write.
USER node

# The worker finishes its chunk, commits and leaves its group; give it 10 s.
STOPSIGNAL SIGTERM
# A small young generation, see docs/decisions/0012.
ENTRYPOINT ["node", "--max-semi-space-size=16", "src/main.ts"]
CMD ["worker"]
