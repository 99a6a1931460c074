//! A new random secret in a new file that only its owner reads. The secret itself is never printed.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Bytes of randomness: nobody guesses 256 bits.
const BYTES: usize = 32;

/// Makes the file, which must not be there yet, with `Basic <base64 of 32 bytes>` and a line break.
pub(super) fn write(path: &Path, random: &Zeroizing<[u8; BYTES]>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut text = Zeroizing::new(String::with_capacity(64));
    text.push_str("Basic ");
    STANDARD.encode_string(random.as_slice(), &mut text);
    text.push('\n');
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a secret helps nobody; that it cannot be removed is told by the error that follows it.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// From the system's generator.
pub(super) fn random() -> io::Result<Zeroizing<[u8; BYTES]>> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| io::Error::other("the system gives no randomness"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_header_s_value_in_a_file_of_the_owner_s_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        write(&path, &Zeroizing::new([0xff; BYTES])).unwrap();
        // RFC 4648, section 4: 32 bytes of ones.
        let expected = "Basic //////////////////////////////////////////8=\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = write(&path, &Zeroizing::new([0; BYTES])).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "an old secret is never overwritten");
    }
}
