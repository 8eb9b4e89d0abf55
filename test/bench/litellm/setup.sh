#!/usr/bin/env bash
# Installs LiteLLM's proxy as a peer into a folder outside of this one: setup.sh FOLDER. PyPI and npm are enough.
set -euo pipefail

home=$(mkdir -p "${1:?setup.sh FOLDER}" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
node=$(command -v node)

python3 -m venv "$home/venv"
# litellm is built and tested with prisma 0.11.0; it asks for >=0.11,<1 and cannot connect with the newest, 0.15.
"$home/venv/bin/pip" install --quiet 'litellm[proxy]==1.106.2' 'prisma==0.11.0'

# Without the scripts of these packages, which fetch native engines from a host of Prisma's: the command line is needed to
# write the Python client, and the engine comes as WebAssembly.
npm install --silent --no-fund --no-audit --ignore-scripts --save-exact --prefix "$home/npm" \
  prisma@5.4.2 \
  @prisma/query-engine-wasm@5.17.0-31.393aa359c9ad4a4bb28630fb5613f9c281cde053 \
  @prisma/adapter-pg@5.17.0 @prisma/driver-adapter-utils@5.17.0 pg@8 graphql@16

cat > "$home/query-engine" <<SCRIPT
#!/bin/sh
PEER_HOME="$home" exec "$node" "$here/query-engine.ts" "\$@"
SCRIPT
chmod +x "$home/query-engine"

proxy=$("$home/venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("litellm").submodule_search_locations[0])')/proxy
sed 's/binaryTargets = .*/binaryTargets = ["native"]/' "$proxy/schema.prisma" > "$home/schema.prisma"
PATH="$home/venv/bin:$PATH" \
  PRISMA_QUERY_ENGINE_BINARY="$home/query-engine" \
  PRISMA_SCHEMA_ENGINE_BINARY="$home/query-engine" \
  PRISMA_QUERY_ENGINE_LIBRARY="$home/query-engine" \
  "$node" "$home/npm/node_modules/prisma/build/index.js" generate --schema "$home/schema.prisma"
chmod 755 "$home"
echo "ready: PEER_HOME=$home node $(realpath --relative-to="$PWD" "$here")/run.ts"
