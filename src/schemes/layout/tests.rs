use super::*;

/// Digest, salt and rounds.
type Found = (Vec<u8>, Option<Vec<u8>>, Option<u32>);

fn read(layout: &str, stored: &str) -> Option<Found> {
    let layout = Layout::parse(layout).unwrap();
    assert_eq!(Layout::parse(&layout.to_string()).unwrap(), layout);
    let parts = layout.read(stored.as_bytes()).ok()?;
    Some((parts.digest.into_owned(), parts.salt.map(Cow::into_owned), parts.rounds))
}

#[test]
fn parts_are_found_where_the_layout_says() {
    let some = |digest: &str, salt: &str| Some((digest.into(), Some(salt.into()), None));
    assert_eq!(read("{digest}:{salt}", "ab:c:d"), some("ab", "c:d"));
    assert_eq!(read("{salt}:{digest}", "c:d:ab"), some("ab", "c:d"));
    assert_eq!(read("{salt}${digest}", "$$ab"), some("ab", "$"));
    assert_eq!(read("$SHA${salt}${digest}", "$SHA$s$ab"), some("ab", "s"));
    assert_eq!(read("{digest:4}{salt}", "abcdxyz"), some("abcd", "xyz"));
    assert_eq!(read("({digest}:{salt})", "(ab:c))"), some("ab", "c)"));
    assert_eq!(read("0x0100hex({salt:2}{digest:3})", "0x01006162414243"), some("ABC", "ab"));
    assert_eq!(read("base64({digest}{salt:2})", "QUJDYWI="), some("ABC", "ab"));
    assert_eq!(
        read("{x-issha, {rounds}}base64({digest:3}{salt})", "{x-issha, 1024}QUJDYWI="),
        Some((b"ABC".to_vec(), Some(b"ab".to_vec()), Some(1024)))
    );
}

/// The value that holds these parts.
fn written(layout: &Layout, parts: &Parts<'_>) -> Vec<u8> {
    let rounds = parts.rounds.map(|rounds| rounds.to_string().into_bytes());
    let bytes = |slot: &Slot| match slot.part {
        Part::Digest => parts.digest.to_vec(),
        Part::Salt => parts.salt.as_deref().unwrap().to_vec(),
        Part::Salt2 => parts.salt2.as_deref().unwrap().to_vec(),
        Part::User => parts.user.as_deref().unwrap().to_vec(),
        Part::Email => parts.email.as_deref().unwrap().to_vec(),
        Part::Pepper => parts.pepper.as_deref().unwrap().to_vec(),
        Part::Rounds => rounds.clone().unwrap(),
    };
    let pieces = layout.pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => text.clone().into_bytes(),
        Piece::Slot(slot) => bytes(slot),
        Piece::Encoded(encoding, slots) => {
            let bytes: Vec<u8> = slots.iter().flat_map(bytes).collect();
            let padded = encoding::to_base64(&bytes);
            let bare = padded.trim_end_matches('=');
            match encoding {
                Encoding::Hex => encoding::to_hex(&bytes),
                Encoding::Base64 => padded,
                Encoding::B64 => bare.to_owned(),
                Encoding::B64Url => bare.replace('+', "-").replace('/', "_"),
            }
            .into_bytes()
        }
    });
    pieces.flatten().collect()
}

proptest::proptest! {
    /// Whatever a layout takes apart goes together again to the same bytes: nothing is dropped, nothing is read
    /// in two ways.
    #[test]
    fn what_is_taken_apart_goes_together_again(
        which in 0..LAYOUTS.len(),
        stored in "[0-9a-f:$]{0,12}|(x[0-9]{1,3}:)?[0-9a-f]{2,12}:?[a-f:$]{0,6}|[A-Za-z0-9+/_-]{4,16}={0,2}",
    ) {
        let layout = Layout::parse(LAYOUTS[which]).unwrap();
        if let Ok(parts) = layout.read(stored.as_bytes()) {
            proptest::prop_assert_eq!(written(&layout, &parts), stored.as_bytes());
        }
    }
}

const LAYOUTS: [&str; 10] = [
    "{digest}:{salt}",
    "{salt}:{digest}",
    "{salt}${salt2}${digest}",
    "{digest:4}{salt}",
    "{digest:4}{user}:{email}",
    "x{rounds}:hex({salt:1}{digest})",
    "hex({digest:2}{salt})",
    "base64({digest:3}{salt})",
    "b64({salt:2}{digest})",
    "b64url({digest})",
];

/// So do the registry's own examples; only hex may have either case.
#[test]
fn the_registrys_examples_go_together_again() {
    let mut seen = 0;
    for entry in crate::schemes::entries() {
        let Ok(layout) = Layout::parse(entry.layout) else { continue };
        let Ok(parts) = layout.read(entry.example.stored.as_bytes()) else { continue };
        if entry.expression().is_some() {
            let again = String::from_utf8(written(&layout, &parts)).unwrap();
            assert!(again.eq_ignore_ascii_case(entry.example.stored), "{}", entry.name);
            seen += 1;
        }
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn salts_and_names_may_be_written_in_hex() {
    let salt = |stored: &str| {
        let layout = Layout::parse("{digest}:{salt}:{pepper}").unwrap();
        let parts = layout.read(stored.as_bytes()).unwrap().without_hashcat_hex();
        (parts.salt.unwrap().into_owned(), parts.pepper.unwrap().into_owned())
    };
    assert_eq!(salt("ab:$HEX[613a]:$HEX[ff]"), (b"a:".to_vec(), b"\xff".to_vec()));
    assert_eq!(salt("ab:$HEX[]:a:b"), (Vec::new(), b"a:b".to_vec()));
    for text in ["$HEX[6]", "$HEX[6g]", "$HEX[61", "$hex[61]", "x$HEX[61]", "$HEX[61]x"] {
        assert_eq!(salt(&format!("ab:{text}:p")).0, text.as_bytes(), "meant as it stands");
    }
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    for (layout, stored) in [
        ("{digest}:{salt}", "ab"),
        ("$SHA${salt}${digest}", "$SHA$ab"),
        ("$SHA${salt}${digest}", "$SHB$s$ab"),
        ("({digest})", "(ab) "),
        ("({digest})", "("),
        ("{digest:4}:{salt}", "abc"),
        ("0xhex({salt:2}{digest:3})", "0x616241424344"),
        ("0xhex({salt:2}{digest:3})", "0x6162414g43"),
        ("base64({digest:3}{salt})", "QUJDYWI"),
        ("{rounds}:{digest}", "01:ab"),
        ("{rounds}:{digest}", "0:ab"),
        ("{rounds}:{digest}", "4294967296:ab"),
    ] {
        assert_eq!(read(layout, stored), None, "{layout}: {stored}");
    }
}

#[test]
fn a_layout_that_cannot_work_is_refused_where_it_is_wrong() {
    for (layout, column, part) in [
        ("{salt}", 1, "`{digest}` is missing"),
        ("{digest}{salt}", 1, "between two parts"),
        ("{digest}:{digest}", 1, "twice"),
        ("{digest:0}", 1, "from 1 to 4096"),
        ("x:base64({digest}{salt})", 25, "all but one"),
        ("base64(x)", 8, "expected a part"),
        ("base64({digest}", 16, "expected a part"),
        ("hex()", 6, "nothing"),
    ] {
        let error = Layout::parse(layout).unwrap_err();
        assert_eq!(error.column, column, "{layout}: {error}");
        assert!(error.message.contains(part), "{layout}: {error}");
    }
}
