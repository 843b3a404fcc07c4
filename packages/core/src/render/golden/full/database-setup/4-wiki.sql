-- Databases, roles and rights of a NeuronHA cluster. Running it again changes nothing.
SET client_min_messages = warning;
SET log_min_error_statement = panic;
ALTER SCHEMA public OWNER TO "wiki_owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
