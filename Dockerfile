# syntax=docker/dockerfile:1
# The control server, and a second target `demo` with the demo's services for docker-compose.yml.
#   docker build -t spendfuse .
#   docker run -v ./config:/etc/spendfuse:ro -v spendfuse:/var/lib/spendfuse -p 127.0.0.1:4319:4319 spendfuse
# Beyond loopback the server wants `tokens:` in its config.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# A package of its own that the lock file links to.
COPY test/sdks/langchain-0.3 test/sdks/langchain-0.3
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run pack

FROM node:24.21.0-bookworm-slim AS server-install
WORKDIR /opt/spendfuse
COPY --from=build /build/dist/packages/spendfuse-server-*.tgz /packages/
RUN echo '{ "private": true }' > package.json \
 && npm install --omit=dev --no-audit --no-fund /packages/*.tgz

FROM node:24.21.0-bookworm-slim AS demo-install
WORKDIR /opt/demo
COPY --from=build /build/dist/packages/spendfuse-[0-9]*.tgz /packages/
COPY package.json /tmp/root.json
# The SDKs at the versions that the tests run with.
RUN echo '{ "private": true, "type": "module" }' > package.json \
 && npm install --no-audit --no-fund /packages/*.tgz \
    $(node -p "const { dependencies, devDependencies } = require('/tmp/root.json'); \
      ['openai', '@anthropic-ai/sdk', '@opentelemetry/api'] \
        .map((name) => name + '@' + ({ ...dependencies, ...devDependencies })[name]).join(' ')")
COPY demo demo
COPY deploy deploy

FROM node:24.21.0-bookworm-slim AS demo
ENV NODE_ENV=production
WORKDIR /opt/demo
COPY --from=demo-install /opt/demo ./
USER node

FROM node:24.21.0-bookworm-slim AS server
ENV NODE_ENV=production PATH=/opt/spendfuse/node_modules/.bin:$PATH
COPY --from=server-install /opt/spendfuse /opt/spendfuse
# A volume takes over the owner of the folder that it is mounted on.
RUN install -d -o node -g node /var/lib/spendfuse
USER node
WORKDIR /var/lib/spendfuse
VOLUME /var/lib/spendfuse
EXPOSE 4319
# Alive, not ready: a second server on the same ledger stands by, and is not to be restarted for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4319/healthz').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is the first process and ends on SIGTERM by its own handler: running calls are answered, then it closes.
ENTRYPOINT ["node", "/opt/spendfuse/node_modules/@spendfuse/server/dist/src/cli/main.js"]
CMD ["serve", "--config", "/etc/spendfuse", "--db", "/var/lib/spendfuse/spendfuse.db", "--host", "0.0.0.0"]
