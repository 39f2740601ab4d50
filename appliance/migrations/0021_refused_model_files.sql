-- Files that somebody put into the models directory and that were not taken in. Owner: inference.
CREATE TABLE refused_model_files (
    -- Its name in the directory.
    name TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    -- When its inode last changed, in nanoseconds since 1970: with the size it says whether this file was looked at.
    changed_ns INTEGER NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    refused_at INTEGER NOT NULL,
    -- Whether somebody wants to hear no more of it.
    dismissed INTEGER NOT NULL CHECK (dismissed IN (0, 1))
) STRICT;
