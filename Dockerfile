# The build needs the compiler; the image that runs does not.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
COPY --from=build /app/package.json /app/
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
# Numeric, so that Kubernetes can see that it is not root; /data is the one place it writes to.
USER 1000:1000
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
# node itself is PID 1 and gets the signals: no npm and no shell in between.
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["--help"]
