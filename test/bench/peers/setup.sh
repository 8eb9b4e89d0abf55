#!/usr/bin/env bash
# Installs the peers of `npm run bench -- overhead` into a folder outside of this one: setup.sh FOLDER. npm alone is enough.
# The SDKs are of the newest versions that every peer still takes, each twice: a copy under another name stays bare.
set -euo pipefail

home=$(mkdir -p "${1:?setup.sh FOLDER}" && cd "$1" && pwd)
[ -e "$home/package.json" ] || echo '{ "private": true }' > "$home/package.json"
npm install --silent --no-fund --no-audit --ignore-scripts --save-exact --prefix "$home" \
  openai@6.49.0 @anthropic-ai/sdk@0.137.0 \
  @opentelemetry/api@1.10.0 @opentelemetry/sdk-node@0.301.0 @opentelemetry/sdk-metrics@3.1.1 @opentelemetry/sdk-trace@3.1.1 \
  @opentelemetry/instrumentation-openai@0.22.0 \
  @traceloop/instrumentation-openai@0.27.0 @traceloop/instrumentation-anthropic@0.27.0 \
  @arizeai/openinference-instrumentation-openai@4.2.7 @arizeai/openinference-instrumentation-anthropic@0.2.8 \
  openlit@1.15.0 \
  @pydantic/genai-prices@0.1.8

bare() {
  rm -rf "${home:?}/node_modules/bare-$2"
  cp -r "$home/node_modules/$1" "$home/node_modules/bare-$2"
  sed -i "s#\"name\": \"$1\"#\"name\": \"bare-$2\"#" "$home/node_modules/bare-$2/package.json"
}
bare openai openai
bare @anthropic-ai/sdk anthropic
echo "ready: PEERS_HOME=$home npm run bench -- overhead"
