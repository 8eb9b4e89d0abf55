#!/bin/sh
# Starts a service of the demo the way any service is started: the one import, and a token that only it has.
SPENDFUSE_TOKEN=$(cat "/run/secrets/$OTEL_SERVICE_NAME")
export SPENDFUSE_TOKEN
exec node --import spendfuse/register "$@"
