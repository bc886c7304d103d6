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
# With the image for backups, which nothing else would bring up to date.
docker compose --profile tools build
docker compose up -d --wait
echo "Up: http://$(docker compose port gateway 8000)/  Grafana: http://$(docker compose port grafana 3000)/"
