-- NeuronAgent's own tables. Runs as the schema's owner with search_path set to the schema; the service's role
-- gets its rights from the schema's default privileges. Every row carries its organisation.

CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  organisation text NOT NULL,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'user', 'read-only')),
  prefix text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

CREATE TABLE agents (
  id uuid PRIMARY KEY,
  organisation text NOT NULL,
  name text NOT NULL,
  description text NOT NULL,
  system_prompt text NOT NULL,
  model_name text NOT NULL,
  enabled_tools text[] NOT NULL,
  config jsonb NOT NULL,
  version int NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX agents_organisation ON agents (organisation, id);

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  organisation text NOT NULL,
  agent_id uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
  title text NOT NULL,
  metadata jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_agent ON sessions (agent_id, id);

-- An answer names the message that it replies to; that is unique, so a message can never have two answers.
-- Only the beginning of a long message is indexed for search: a tsvector holds at most 1 MB.
CREATE TABLE messages (
  id uuid PRIMARY KEY,
  organisation text NOT NULL,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('user', 'assistant')),
  content text NOT NULL,
  metadata jsonb NOT NULL,
  reply_to uuid UNIQUE REFERENCES messages ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', left(content, 100000))) STORED
);
CREATE INDEX messages_session ON messages (session_id, id);
CREATE INDEX messages_words ON messages USING gin (words);

CREATE TABLE idempotency_records (
  caller text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  subject uuid NOT NULL,
  owner uuid,
  lease_until timestamptz,
  status int,
  body text,
  replays int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (caller, route, key)
);
CREATE INDEX idempotency_records_expires_at ON idempotency_records (expires_at);
