-- Entries (holds, settlements, postings, events, revisions) are kept for good; accounts is their projection.
-- Money is integer nano-USD, instants are epoch milliseconds.

CREATE TABLE clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  latest INTEGER NOT NULL
) STRICT;
INSERT INTO clock VALUES (1, 0);

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  instance TEXT NOT NULL,
  budget TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  spent INTEGER NOT NULL,
  held INTEGER NOT NULL,
  unresolved INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX accounts_identity ON accounts (instance, ends_at, starts_at);
CREATE INDEX accounts_end ON accounts (ends_at);

CREATE TABLE holds (
  id INTEGER PRIMARY KEY,
  attempt_id TEXT NOT NULL UNIQUE,
  session TEXT NOT NULL,
  digest TEXT NOT NULL,
  amount INTEGER NOT NULL,
  admitted_at INTEGER NOT NULL,
  call_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  attribution TEXT NOT NULL,
  reply TEXT,
  demands TEXT NOT NULL,
  state TEXT NOT NULL,
  settlement INTEGER,
  remainder TEXT,
  -- 1 while money is set aside for it
  open INTEGER NOT NULL CHECK (open IN (0, 1))
) STRICT;
CREATE INDEX holds_open ON holds (id) WHERE open = 1;
CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds WHEN OLD.open = 0
BEGIN SELECT RAISE(ABORT, 'a hold ends once'); END;
CREATE TRIGGER holds_stay BEFORE DELETE ON holds
BEGIN SELECT RAISE(ABORT, 'holds are kept for good'); END;

CREATE TABLE settlements (
  seq INTEGER PRIMARY KEY,
  attempt_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  session TEXT NOT NULL,
  call_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  attribution TEXT NOT NULL,
  admitted_at INTEGER NOT NULL,
  booked_at INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  overage INTEGER NOT NULL,
  unknown_hold INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cached_read_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  -- JSON: usage, source, status, receipt, response, trace and span ids
  body TEXT NOT NULL
) STRICT;
CREATE INDEX settlements_admitted ON settlements (admitted_at);
CREATE TRIGGER settlements_fixed BEFORE UPDATE ON settlements
BEGIN SELECT RAISE(ABORT, 'settlements are immutable'); END;
CREATE TRIGGER settlements_stay BEFORE DELETE ON settlements
BEGIN SELECT RAISE(ABORT, 'settlements are kept for good'); END;

-- Booked with their settlement, so in its order: no id of their own and no second index.
CREATE TABLE postings (
  settlement INTEGER NOT NULL,
  account INTEGER NOT NULL,
  -- in the order in which the settlement named its accounts
  position INTEGER NOT NULL,
  since INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (settlement, account)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER postings_fixed BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are immutable'); END;
CREATE TRIGGER postings_stay BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are kept for good'); END;

-- Added later, to accounts of a new or changed budget.
CREATE TABLE backfills (
  id INTEGER PRIMARY KEY,
  settlement INTEGER NOT NULL,
  account INTEGER NOT NULL,
  since INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (settlement, account)
) STRICT;
CREATE TRIGGER backfills_fixed BEFORE UPDATE ON backfills
BEGIN SELECT RAISE(ABORT, 'postings are immutable'); END;
CREATE TRIGGER backfills_stay BEFORE DELETE ON backfills
BEGIN SELECT RAISE(ABORT, 'postings are kept for good'); END;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  window_end INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX events_window ON events (window_end);
CREATE TRIGGER events_fixed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are kept for good'); END;

CREATE TABLE revisions (
  seq INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  "by" TEXT NOT NULL
) STRICT;

-- Moments at which accounts were found to be the sum of their postings.
CREATE TABLE checkpoints (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  last_settlement INTEGER NOT NULL,
  last_backfill INTEGER NOT NULL,
  last_account INTEGER NOT NULL,
  digest TEXT NOT NULL
) STRICT;
