//! Verifies passwords with the crates that a Rust program would use, and says what CPU time it took: one of the peers
//! of `benches/peers/kernels.py`. `benches/peers/c/kernels.c` describes the lines that it speaks.

use std::hint::black_box;
use std::io::{BufRead, Write};
use std::num::NonZeroU32;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::Hmac;
use ring::pbkdf2 as ring_pbkdf2;
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn std::error::Error>;

/// Who verifies what, with the crate's version as `Cargo.toml` asks for it.
const OFFERS: [(&str, &str, &str); 9] = [
    ("ring", "pbkdf2-sha256", "0.17"),
    ("ring", "pbkdf2-sha512", "0.17"),
    ("ring", "pbkdf2-sha1", "0.17"),
    ("RustCrypto", "pbkdf2-sha256", "0.13"),
    ("RustCrypto", "pbkdf2-sha512", "0.13"),
    ("RustCrypto", "pbkdf2-sha1", "0.13"),
    ("RustCrypto", "scrypt", "0.12"),
    ("RustCrypto", "argon2", "0.6"),
    ("bcrypt-crate", "bcrypt", "0.19"),
];

fn main() -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for (peer, kind, version) in OFFERS {
        writeln!(out, "offers {peer} {kind} {version}")?;
    }
    writeln!(out, "ready")?;
    out.flush()?;
    // argon2's memory is kept, as a careful program would.
    let mut memory = Vec::new();
    for line in std::io::stdin().lock().lines() {
        match measured(&line?, &mut memory) {
            Ok(micros) => writeln!(out, "ok {micros:.3}")?,
            Err(why) => writeln!(out, "error {why}")?,
        }
        out.flush()?;
    }
    Ok(())
}

/// Microseconds of each verification that the line asks for.
fn measured(line: &str, memory: &mut Vec<Block>) -> Result<f64, Failure> {
    let mut words = line.split(' ');
    let mut word = || words.next().ok_or("a line is: PEER KIND COUNT STORED PASSWORD");
    let (peer, kind, count, stored, password) = (word()?, word()?, word()?.parse::<u32>()?, word()?, word()?);
    let before = processor_time();
    for _ in 0..count {
        if !black_box(verify(peer, kind, black_box(stored), black_box(password.as_bytes()), memory)?) {
            return Err("not verified".into());
        }
    }
    Ok(processor_time().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(count))
}

fn verify(
    peer: &str,
    kind: &str,
    stored: &str,
    password: &[u8],
    memory: &mut Vec<Block>,
) -> Result<bool, Failure> {
    match (peer, kind) {
        ("ring", _) => by_ring(kind, stored, password),
        ("RustCrypto", "scrypt") => by_scrypt(stored, password),
        ("RustCrypto", "argon2") => by_argon2(stored, password, memory),
        ("RustCrypto", _) => by_pbkdf2(kind, stored, password),
        ("bcrypt-crate", "bcrypt") => Ok(bcrypt::verify(password, stored)?),
        _ => Err("not offered".into()),
    }
}

fn by_ring(kind: &str, stored: &str, password: &[u8]) -> Result<bool, Failure> {
    let (rounds, salt, key) = pbkdf2_parts(stored)?;
    let algorithm = match kind {
        "pbkdf2-sha256" => ring_pbkdf2::PBKDF2_HMAC_SHA256,
        "pbkdf2-sha512" => ring_pbkdf2::PBKDF2_HMAC_SHA512,
        _ => ring_pbkdf2::PBKDF2_HMAC_SHA1,
    };
    let rounds = NonZeroU32::new(rounds).ok_or("no rounds")?;
    Ok(ring_pbkdf2::verify(algorithm, rounds, salt.as_bytes(), password, &key).is_ok())
}

fn by_pbkdf2(kind: &str, stored: &str, password: &[u8]) -> Result<bool, Failure> {
    let (rounds, salt, key) = pbkdf2_parts(stored)?;
    let (salt, mut made) = (salt.as_bytes(), vec![0; key.len()]);
    let done = match kind {
        "pbkdf2-sha256" => pbkdf2::pbkdf2::<Hmac<sha2::Sha256>>(password, salt, rounds, &mut made),
        "pbkdf2-sha512" => pbkdf2::pbkdf2::<Hmac<sha2::Sha512>>(password, salt, rounds, &mut made),
        _ => pbkdf2::pbkdf2::<Hmac<sha1::Sha1>>(password, salt, rounds, &mut made),
    };
    done?;
    Ok(made == key)
}

/// `rounds:salt:key`, the key in hex.
fn pbkdf2_parts(stored: &str) -> Result<(u32, &str, Vec<u8>), Failure> {
    let mut parts = stored.split(':');
    let mut part = || parts.next().ok_or("a part is missing");
    Ok((part()?.parse()?, part()?, hex::decode(part()?)?))
}

/// `log2 of N:r:p:salt:key`, the key in hex.
fn by_scrypt(stored: &str, password: &[u8]) -> Result<bool, Failure> {
    let mut parts = stored.split(':');
    let mut part = || parts.next().ok_or("a part is missing");
    let parameters = scrypt::Params::new(part()?.parse()?, part()?.parse()?, part()?.parse()?)?;
    let (salt, key) = (part()?, hex::decode(part()?)?);
    let mut made = vec![0; key.len()];
    scrypt::scrypt(password, salt.as_bytes(), &parameters, &mut made)?;
    Ok(made == key)
}

/// A PHC string of argon2id.
fn by_argon2(stored: &str, password: &[u8], memory: &mut Vec<Block>) -> Result<bool, Failure> {
    let parts: Vec<&str> = stored.split('$').collect();
    let ["", "argon2id", "v=19", parameters, salt, key] = parts[..] else {
        return Err("not argon2id".into());
    };
    let numbers: Result<Vec<u32>, _> =
        parameters.split(',').map(|pair| pair.get(2..).unwrap_or("").parse()).collect();
    let [blocks, passes, lanes] = numbers?[..] else { return Err("not m, t and p".into()) };
    let (salt, key) = (STANDARD_NO_PAD.decode(salt)?, STANDARD_NO_PAD.decode(key)?);
    let parameters =
        Params::new(blocks, passes, lanes, Some(key.len())).map_err(|error| error.to_string())?;
    memory.resize(parameters.block_count().max(memory.len()), Block::default());
    let mut made = vec![0; key.len()];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into_with_memory(password, &salt, &mut made, memory.as_mut_slice())
        .map_err(|error| error.to_string())?;
    Ok(made == key)
}

/// Of this thread: it is the only one.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
