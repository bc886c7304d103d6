#!/bin/sh
# Builds the images and starts the compose stack; says what is missing instead of failing half-way.
set -eu
cd "$(dirname "$0")/.."
if ! docker compose version >/dev/null 2>&1; then
    echo "Docker with the compose plugin is needed: https://docs.docker.com/engine/install/" >&2
    exit 1
fi
if [ ! -f .env ]; then
    echo "There is no .env: cp .env.example .env, and fill it in." >&2
    exit 1
fi
docker compose config -q
docker compose build
docker compose up -d --wait
echo "Up: http://127.0.0.1:${PILLARS_PORT:-8000}/  Grafana: http://127.0.0.1:${GRAFANA_PORT:-3000}/"
