#!/bin/sh
# Creates the login of the application before init.sql hands it the tables.
# Runs once, in the container's entrypoint, on an empty data directory.
set -eu

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set password `cat /run/secrets/acme_app_password`
CREATE ROLE acme_app LOGIN PASSWORD :'password';
SQL
