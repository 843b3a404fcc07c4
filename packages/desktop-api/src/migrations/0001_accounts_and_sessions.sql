-- Who may sign in, who is signed in, who tried too often, and who did what.

CREATE TABLE accounts (
  id uuid PRIMARY KEY,
  email text NOT NULL,
  password_hash text NOT NULL,
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));

-- The cookie's token is kept as its SHA-256 only.
CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  client_address text NOT NULL,
  user_agent text NOT NULL
);
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Failed sign-ins of one window, by e-mail and by client address; shared by all replicas.
CREATE TABLE sign_in_failures (
  subject text PRIMARY KEY,
  attempts int NOT NULL,
  window_ends_at timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_window_ends_at ON sign_in_failures (window_ends_at);

CREATE TABLE audit_events (
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  -- No foreign key: what somebody did outlives their account.
  account_id uuid,
  email text NOT NULL,
  action text NOT NULL,
  target text NOT NULL DEFAULT '',
  outcome text NOT NULL,
  client_address text NOT NULL,
  request_id text NOT NULL
);
CREATE INDEX audit_events_at ON audit_events (at);
