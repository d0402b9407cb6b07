# One image for the API, the worker, the migration step and the command line for operators (apps/ops): the command says
# which (see docker-compose.yml).
FROM node:20-bookworm-slim AS build
WORKDIR /app
ENV TURBO_TELEMETRY_DISABLED=1
COPY package.json package-lock.json .npmrc turbo.json tsconfig.json tsconfig.base.json ./
COPY apps/api/package.json apps/api/
COPY apps/worker/package.json apps/worker/
COPY apps/ops/package.json apps/ops/
COPY apps/console/package.json apps/console/
COPY packages/domain/package.json packages/domain/
COPY packages/store/package.json packages/store/
COPY packages/runtime/package.json packages/runtime/
COPY packages/tracing/package.json packages/tracing/
COPY packages/client/package.json packages/client/
COPY scripts/package.json scripts/
COPY examples/package.json examples/
COPY bench/package.json bench/
COPY test/package.json test/
RUN npm ci --ignore-scripts
COPY apps apps
COPY packages packages
RUN npx tsc -b apps/api apps/worker apps/ops packages/tracing && node apps/console/build.mjs

FROM node:20-bookworm-slim AS dependencies
WORKDIR /app
COPY --from=build /app/package.json /app/package-lock.json /app/.npmrc ./
COPY --from=build /app/apps/api/package.json apps/api/
COPY --from=build /app/apps/worker/package.json apps/worker/
COPY --from=build /app/apps/ops/package.json apps/ops/
COPY --from=build /app/packages/domain/package.json packages/domain/
COPY --from=build /app/packages/store/package.json packages/store/
COPY --from=build /app/packages/runtime/package.json packages/runtime/
COPY --from=build /app/packages/tracing/package.json packages/tracing/
RUN npm ci --ignore-scripts --omit=dev --omit=optional -w apps/api -w apps/worker -w apps/ops -w packages/tracing

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
COPY --from=dependencies /app ./
COPY --from=build /app/apps/api/dist apps/api/dist
COPY --from=build /app/apps/worker/dist apps/worker/dist
COPY --from=build /app/apps/ops/dist apps/ops/dist
COPY --from=build /app/apps/console/dist apps/console/dist
COPY --from=build /app/packages/domain/dist packages/domain/dist
COPY --from=build /app/packages/store/dist packages/store/dist
COPY --from=build /app/packages/runtime/dist packages/runtime/dist
COPY --from=build /app/packages/tracing/dist packages/tracing/dist
COPY migrations migrations
USER node
EXPOSE 3000
CMD ["node", "apps/api/dist/main.js"]
