-- Databases, roles and rights of a NeuronHA cluster. Running it again changes nothing.
SET client_min_messages = warning;
SET log_min_error_statement = panic;
SELECT 'CREATE ROLE "neurondb_owner"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neurondb_owner') \gexec
ALTER ROLE "neurondb_owner" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-owner:fake-server-key-of-owner';
BEGIN;
ALTER ROLE "neurondb_owner" RESET ALL;
ALTER ROLE "neurondb_owner" SET lock_timeout = '10s';
ALTER ROLE "neurondb_owner" SET search_path = "public";
ALTER ROLE "neurondb_owner" SET statement_timeout = '10min';
COMMIT;
SELECT 'CREATE ROLE "neurondb_agent"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neurondb_agent') \gexec
ALTER ROLE "neurondb_agent" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-agent:fake-server-key-of-agent';
BEGIN;
ALTER ROLE "neurondb_agent" RESET ALL;
ALTER ROLE "neurondb_agent" SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE "neurondb_agent" SET lock_timeout = '5s';
ALTER ROLE "neurondb_agent" SET search_path = "neurondb_agent", "public";
ALTER ROLE "neurondb_agent" SET statement_timeout = '30s';
COMMIT;
SELECT 'CREATE ROLE "neurondb_desktop"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neurondb_desktop') \gexec
ALTER ROLE "neurondb_desktop" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-desktop:fake-server-key-of-desktop';
BEGIN;
ALTER ROLE "neurondb_desktop" RESET ALL;
ALTER ROLE "neurondb_desktop" SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE "neurondb_desktop" SET lock_timeout = '5s';
ALTER ROLE "neurondb_desktop" SET search_path = "neurondb_desktop", "public";
ALTER ROLE "neurondb_desktop" SET statement_timeout = '30s';
COMMIT;
SELECT 'CREATE ROLE "neuronha_controller"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neuronha_controller') \gexec
ALTER ROLE "neuronha_controller" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-controller:fake-server-key-of-controller';
BEGIN;
ALTER ROLE "neuronha_controller" RESET ALL;
ALTER ROLE "neuronha_controller" SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE "neuronha_controller" SET lock_timeout = '250ms';
ALTER ROLE "neuronha_controller" SET statement_timeout = '5s';
COMMIT;
SELECT 'CREATE ROLE "neuronha_probe"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neuronha_probe') \gexec
ALTER ROLE "neuronha_probe" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-probe:fake-server-key-of-probe';
BEGIN;
ALTER ROLE "neuronha_probe" RESET ALL;
ALTER ROLE "neuronha_probe" SET lock_timeout = '250ms';
ALTER ROLE "neuronha_probe" SET statement_timeout = '5s';
ALTER ROLE "neuronha_probe" SET synchronous_commit = 'local';
COMMIT;
SELECT 'CREATE ROLE "neurondb_drill"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neurondb_drill') \gexec
ALTER ROLE "neurondb_drill" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-drill:fake-server-key-of-drill';
BEGIN;
ALTER ROLE "neurondb_drill" RESET ALL;
ALTER ROLE "neurondb_drill" SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE "neurondb_drill" SET lock_timeout = '5s';
ALTER ROLE "neurondb_drill" SET search_path = "neurondb_drill";
ALTER ROLE "neurondb_drill" SET statement_timeout = '30s';
COMMIT;
SELECT 'CREATE ROLE "neurondb_sql"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neurondb_sql') \gexec
ALTER ROLE "neurondb_sql" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-sql:fake-server-key-of-sql';
BEGIN;
ALTER ROLE "neurondb_sql" RESET ALL;
ALTER ROLE "neurondb_sql" SET default_transaction_read_only = 'on';
ALTER ROLE "neurondb_sql" SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE "neurondb_sql" SET idle_session_timeout = '5min';
ALTER ROLE "neurondb_sql" SET lock_timeout = '2s';
ALTER ROLE "neurondb_sql" SET search_path = "public";
ALTER ROLE "neurondb_sql" SET statement_timeout = '15s';
ALTER ROLE "neurondb_sql" SET temp_file_limit = '256MB';
COMMIT;
SELECT 'CREATE ROLE "neurondb_reader"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neurondb_reader') \gexec
ALTER ROLE "neurondb_reader" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:fake-salt$fake-stored-key-of-reader:fake-server-key-of-reader';
BEGIN;
ALTER ROLE "neurondb_reader" RESET ALL;
ALTER ROLE "neurondb_reader" SET default_transaction_read_only = 'on';
ALTER ROLE "neurondb_reader" SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE "neurondb_reader" SET lock_timeout = '2s';
ALTER ROLE "neurondb_reader" SET statement_timeout = '60s';
COMMIT;
GRANT pg_monitor, pg_checkpoint TO "neuronha_controller";
GRANT pg_use_reserved_connections TO "neuronha_controller";
GRANT pg_use_reserved_connections TO "neuronha_probe";
SELECT 'CREATE DATABASE "neurondb" OWNER "neurondb_owner"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'neurondb') \gexec
ALTER DATABASE "neurondb" OWNER TO "neurondb_owner";
REVOKE ALL ON DATABASE "neurondb" FROM PUBLIC;
GRANT CONNECT ON DATABASE "neurondb" TO "neurondb_agent";
GRANT CONNECT ON DATABASE "neurondb" TO "neurondb_desktop";
GRANT CONNECT ON DATABASE "neurondb" TO "neuronha_controller";
GRANT CONNECT ON DATABASE "neurondb" TO "neuronha_probe";
GRANT CONNECT ON DATABASE "neurondb" TO "neurondb_drill";
GRANT CONNECT ON DATABASE "neurondb" TO "neurondb_sql";
GRANT CONNECT ON DATABASE "neurondb" TO "neurondb_reader";
REVOKE ALL ON DATABASE "postgres" FROM PUBLIC;
GRANT CONNECT ON DATABASE "postgres" TO "neuronha_rewind";
