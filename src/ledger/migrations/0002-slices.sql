-- A slice is a hold whose money leaves it bit by bit: granted = amount + split + freed. NULL in the holds of attempts.
ALTER TABLE holds ADD COLUMN valid_until INTEGER;
ALTER TABLE holds ADD COLUMN granted INTEGER;
ALTER TABLE holds ADD COLUMN split INTEGER;
ALTER TABLE holds ADD COLUMN freed INTEGER;
-- Set by its close.
ALTER TABLE holds ADD COLUMN drawn INTEGER;
-- Since then the expected demands of this hold count no more.
ALTER TABLE holds ADD COLUMN forgiven_at INTEGER;

CREATE TRIGGER holds_never_grow BEFORE UPDATE OF amount ON holds WHEN NEW.amount > OLD.amount
BEGIN SELECT RAISE(ABORT, 'a hold never grows'); END;

-- A hold ends once. Its settlement may come after that: the provider has charged, so it is booked, and the hold keeps its
-- number. Nothing else of an ended hold changes, and that only once. Never a slice's.
DROP TRIGGER holds_end_once;
CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds WHEN OLD.open = 0 AND NOT (
  OLD.settlement IS NULL AND NEW.settlement IS NOT NULL AND OLD.granted IS NULL
  AND (NEW.id, NEW.attempt_id, NEW.session, NEW.digest, NEW.amount, NEW.admitted_at, NEW.call_id, NEW.provider, NEW.model,
       NEW.attribution, NEW.reply, NEW.demands, NEW.state, NEW.remainder, NEW.open, NEW.valid_until, NEW.granted,
       NEW.split, NEW.freed, NEW.drawn, NEW.forgiven_at)
   IS (OLD.id, OLD.attempt_id, OLD.session, OLD.digest, OLD.amount, OLD.admitted_at, OLD.call_id, OLD.provider, OLD.model,
       OLD.attribution, OLD.reply, OLD.demands, OLD.state, OLD.remainder, OLD.open, OLD.valid_until, OLD.granted,
       OLD.split, OLD.freed, OLD.drawn, OLD.forgiven_at)
)
BEGIN SELECT RAISE(ABORT, 'a hold ends once'); END;
