-- Databases, roles and rights of a NeuronHA cluster. Running it again changes nothing.
SET client_min_messages = warning;
SET log_min_error_statement = panic;
CREATE EXTENSION IF NOT EXISTS "vector";
ALTER SCHEMA public OWNER TO "shop_owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO "shop_reader";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO "shop_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" GRANT USAGE ON SCHEMAS TO "shop_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" GRANT SELECT ON TABLES TO "shop_reader";
