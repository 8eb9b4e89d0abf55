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
