"""Users and tokens; documents, their chunks and uploads."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('reader', 'writer', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled boolean NOT NULL DEFAULT false
);
CREATE TABLE tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    role text NOT NULL CHECK (role IN ('reader', 'writer', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX tokens_user_id ON tokens (user_id);
CREATE TABLE documents (
    id uuid PRIMARY KEY,
    content_hash bytea NOT NULL UNIQUE CHECK (length(content_hash) = 32),
    title text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT '',
    media_type text NOT NULL DEFAULT 'text/plain',
    bytes integer NOT NULL CHECK (bytes >= 0),
    chunks integer NOT NULL CHECK (chunks >= 0),
    state text NOT NULL CHECK (state IN ('pending', 'ready', 'deleting')),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX documents_created_at ON documents (created_at DESC, id);
-- What a worker left half-way when it died: few rows, found without reading the table.
CREATE INDEX documents_unfinished ON documents (updated_at) WHERE state <> 'ready';
CREATE TABLE chunks (
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 0),
    text text NOT NULL,
    PRIMARY KEY (document_id, number)
);
CREATE TABLE uploads (
    id uuid PRIMARY KEY,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    name text NOT NULL,
    media_type text NOT NULL,
    bytes bigint NOT NULL CHECK (bytes >= 0),
    created_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX uploads_created_at ON uploads (created_at DESC, id);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop the tables and their data."""
    op.execute("DROP TABLE uploads, chunks, documents, tokens, users")
