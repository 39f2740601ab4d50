-- How secret what an employee is told is, and what is said in one conversation where that is more secret
-- than what the employee is usually told. Owners: team (ves), chat (conversations).
ALTER TABLE ves ADD COLUMN data_class TEXT NOT NULL DEFAULT 'internal';
ALTER TABLE conversations ADD COLUMN data_class TEXT;
