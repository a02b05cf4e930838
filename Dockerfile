# By tag for people, by digest for machines: the same bases every time. A mirror goes in with --build-arg NODE_IMAGE=….
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20

# The compiler is needed here, and nowhere else.
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

# What the image gets, laid out as it will lie there.
FROM ${NODE_IMAGE} AS layout
WORKDIR /layout/app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm package-lock.json .npmrc
# What node never reads when it runs the tool: types, source maps, tests, the builds for browsers, and the metadata of
# phone numbers but the largest. Licences stay.
RUN cd node_modules && rm -r .bin \
 && find . -type f \( -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' \) -delete \
 && rm -r csv-parse/dist/esm csv-parse/dist/iife csv-parse/dist/umd \
    csv-stringify/dist/esm csv-stringify/dist/iife csv-stringify/dist/umd \
    libphonenumber-js/bundle libphonenumber-js/es6-modern libphonenumber-js/source \
    libphonenumber-js/min libphonenumber-js/mobile libphonenumber-js/*.full.json* libphonenumber-js/*.min.json* \
    libphonenumber-js/*.mobile.json* bottleneck/es5.js bottleneck/lib bottleneck/src bottleneck/test \
    pino/benchmarks pino/docs pino/examples pino/test qs/dist qs/test \
 && find . -type d -empty -delete
COPY --from=build /build/dist ./dist
# Nothing that is needed was taken: every module of ours loads, with all that it imports.
RUN node --input-type=module -e "import { readdirSync } from 'node:fs'; \
    const files = readdirSync('dist', { recursive: true }).filter((file) => /(?<!^cli|^demo)\.js$/.test(file)); \
    for (const file of files) await import('/layout/app/dist/' + file); \
    await import('ioredis');" \
 && node dist/cli.js --help >/dev/null
# The same modes and times whenever and by whomever it is built: the same layers.
ARG SOURCE_DATE_EPOCH=0
RUN install -d -o 1000 -g 1000 /layout/data \
 && chmod -R u=rwX,go=rX /layout \
 && find /layout -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
COPY --from=layout /layout/ /
# Numeric, so that Kubernetes can see that it is not root; /data is the one place it writes to.
USER 1000:1000
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
# node itself is PID 1 and gets the signals: no npm and no shell in between.
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["--help"]
ARG NODE_IMAGE
ARG REVISION=unknown
LABEL org.opencontainers.image.title="group-onboard" \
      org.opencontainers.image.description="Adds every person of a cohort CSV to their WhatsApp group through the Periskope API: nobody lost, nobody asked twice, never over the rate limit." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="${NODE_IMAGE}"
