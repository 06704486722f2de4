# The server in two stages: the first one compiles with all tools, the second one holds only what runs. glibc, not
# Alpine: node-web-audio-api and onnxruntime-node are built for it. Base images carry a Debian release in their tag,
# because the name of ALSA's package follows the release: libasound2 on 12 (bookworm), libasound2t64 on 13 (trixie).
#
#   docker build -t millrace . && docker run --rm -p 8080:8080 millrace

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts: all native binaries lie in the packages themselves, and `prepare` would build before src is here.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/make-kernels.mjs ./scripts/
COPY src ./src
COPY pipelines ./pipelines
RUN npm run build \
  && npm prune --omit=dev --ignore-scripts \
  && rm -r node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32

FROM node:24-bookworm-slim
ENV NODE_ENV=production
# To decode flac, mp3 and ogg, and for sound cards; wav and streams need nothing.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libasound2 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json LICENSE ./
COPY proto ./proto
COPY assets ./assets
COPY models ./models
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# uid 1000, part of the base image. The files stay root's: the server writes none of them.
USER node
EXPOSE 8080
# Node answers SIGTERM itself (no npm or shell in between): the server drains its streams and leaves.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/app/main.js", "serve", "--host", "0.0.0.0", "--port", "8080"]
