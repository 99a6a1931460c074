//! See `promises::token`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyferry_fuzz::token(data));
