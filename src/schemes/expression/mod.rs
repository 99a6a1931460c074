//! Constructions written in hashcat's notation: `sha256($salt.$pass)`.
