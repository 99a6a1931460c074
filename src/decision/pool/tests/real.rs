//! The threads, with real hashes.
