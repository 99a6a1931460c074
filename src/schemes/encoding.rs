//! Text encodings of digests and salts: hex, base64 and its relatives, each strict.
