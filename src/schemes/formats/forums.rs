//! Forums, shops and other software whose stored values are digests of the password, each by its own name: whoever
//! moves a store knows the software, not the formula. What two products have in common still has two names here.

use crate::schemes::registry::{Entry, Example, Reader};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "vbulletin",
        aliases: &["vb"],
        hashcat: &[2711, 2611],
        software: "vBulletin 3 and 4, columns `password` and `salt`",
        layout: "{digest}:{salt}",
        example: Example::of("0844fbb2fdeda31884a7a45ec2010bb6:324410183853308365427804872426", "hashcat"),
        okta: "hook: more than one digest",
        reader: Reader::Expression("md5(md5($pass).$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "phps",
        hashcat: &[2612],
        software: "vBulletin's values as password lists write them",
        layout: "$PHPS$hex({salt})${digest}",
        example: Example::of("$PHPS$30353031383437363132$f02b0b2f25e5754edb04522c346ba243", "hashcat"),
        okta: "hook: more than one digest",
        prefixes: &["$PHPS$"],
        reader: Reader::Expression("md5(md5($pass).$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "mybb",
        aliases: &["ipb", "invision-power-board"],
        hashcat: &[2811],
        software: "MyBB from 1.2 on, Invision Power Board 2 and 3",
        layout: "{digest}:{salt}",
        example: Example::of("022f7e02b3314f7d0968f73c00ba759f:67588", "hashcat"),
        okta: "hook: more than one digest",
        reader: Reader::Expression("md5(md5($salt).md5($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "punbb",
        hashcat: &[4522],
        software: "PunBB 1.3 and later",
        layout: "{digest}:{salt}",
        example: Example::of("9038129c474caa3f0de56f38db84033d0fe1d4b8:365563602032", "hashcat"),
        okta: "hook: more than one digest",
        reader: Reader::Expression("sha1($salt.sha1($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "redmine",
        hashcat: &[4521],
        software: "Redmine",
        layout: "{digest}:{salt}",
        example: Example::of(
            "c18e826af2a78c7b9b7261452613233417e65817:28246535720688452723483475753333",
            "hashcat",
        ),
        okta: "hook: more than one digest",
        reader: Reader::Expression("sha1($salt.sha1($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "smf",
        aliases: &["simple-machines-forum"],
        hashcat: &[121],
        software: "Simple Machines Forum 1.1 and 2.0; the user is the member's name",
        layout: "{digest}:{user}",
        example: Example::of("d27c0a627a45db487af161fcc3a4005d88eb8a1f:25551135", "hashcat"),
        okta: "SHA-1, PREFIX",
        reader: Reader::Expression("sha1(lower($user).$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "wbb3",
        aliases: &["woltlab-burning-board"],
        hashcat: &[8400],
        software: "WoltLab Burning Board 3",
        layout: "{digest}:{salt}",
        example: Example::of(
            "7f8d1951fe48ae3266980c2979c141f60e4415e5:5037864764153886517871426607441768004150",
            "hashcat",
        ),
        okta: "hook: more than one digest",
        reader: Reader::Expression("sha1($salt.sha1($salt.sha1($pass)))"),
        ..Entry::BLANK
    },
    Entry {
        name: "mediawiki-b",
        hashcat: &[3711],
        software: "MediaWiki",
        layout: ":B:{salt}:{digest}",
        hashcat_layout: "$B${salt}${digest}",
        example: Example::of(":B:2152187716:8c8b39c3602b194eeeb6cac78eea2742", "hashcat"),
        okta: "hook: more than one digest",
        prefixes: &[":B:"],
        reader: Reader::Expression("md5($salt.'-'.md5($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "joomla",
        hashcat: &[11],
        software: "Joomla before 2.5.18 and 3.2.1",
        layout: "{digest}:{salt}",
        example: Example::of("b78f863f2c67410c41e617f724e22f34:89384528665349271307465505333378", "hashcat"),
        okta: "MD5, POSTFIX",
        reader: Reader::Expression("md5($pass.$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "oscommerce",
        aliases: &["xt-commerce"],
        hashcat: &[21],
        software: "osCommerce, xt:Commerce",
        layout: "{digest}:{salt}",
        example: Example::of("e983672a03adcc9767b24584338eb378:00", "hashcat"),
        okta: "MD5, PREFIX",
        reader: Reader::Expression("md5($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "opencart",
        hashcat: &[13900],
        software: "OpenCart 1.5 to 2.3",
        layout: "{digest}:{salt}",
        example: Example::of("058c1c3773340c8563421e2b17e60eb7c916787e:827500576", "hashcat"),
        okta: "hook: more than one digest",
        reader: Reader::Expression("sha1($salt.sha1($salt.sha1($pass)))"),
        ..Entry::BLANK
    },
    Entry {
        name: "prestashop",
        hashcat: &[11000],
        software: "PrestaShop before 1.7; the salt is the shop's _COOKIE_KEY_",
        layout: "{digest}:{salt}",
        example: Example::of(
            "f22cade043e7214200206dbffca49fd9:27167508161455764247627144160038845437138252877014827848",
            "hashcat",
        ),
        okta: "MD5, PREFIX",
        reader: Reader::Expression("md5($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "authme-sha256",
        aliases: &["authme"],
        hashcat: &[20711],
        software: "AuthMe Reloaded (Minecraft servers)",
        layout: "$SHA${salt}${digest}",
        example: Example::of(
            "$SHA$7218532375810603$bfede293ecf6539211a7305ea218b9f3f608953130405cda9eaba6fb6250f824",
            "hashcat",
        ),
        okta: "hook: more than one digest",
        prefixes: &["$SHA$"],
        reader: Reader::Expression("sha256(sha256($pass).$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "coldfusion",
        aliases: &["coldfusion-10"],
        hashcat: &[12600],
        software: "Adobe ColdFusion 10 and later: its administrator",
        layout: "{digest}:{salt}",
        example: Example::of(
            "3f3473a071b1fb955544e80c81853ca0f1e4f9ee4ca3bf4d2a8a10b5ef5be1f6:6058321484538505215534207835727413038041028036676832416353152201",
            "hashcat",
        ),
        okta: "hook: more than one digest",
        reader: Reader::Expression("sha256($salt.upper(sha1($pass)))"),
        ..Entry::BLANK
    },
    Entry {
        name: "peoplesoft",
        hashcat: &[133],
        software: "PeopleSoft before PeopleTools 8.53",
        layout: "{digest}",
        example: Example::of("uXmFVrdBvv293L9kDR3VnRmx4ZM=", "hashcat"),
        okta: "hook: the password is in UTF-16",
        reader: Reader::Expression("sha1(utf16le($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "hmailserver",
        hashcat: &[1421],
        software: "hMailServer",
        layout: "{salt:6}{digest}",
        example: Example::of(
            "8fe7ca27a17adc337cd892b1d959b4e487b8f0ef09e32214f44fb1b07e461c532e9ec3",
            "hashcat",
        ),
        okta: "SHA-256, PREFIX",
        reader: Reader::Expression("sha256($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "filezilla-server",
        hashcat: &[15000],
        software: "FileZilla Server 0.9.55 to 0.9.60",
        layout: "{digest}:{salt}",
        example: Example::of(
            "bfa9fe5a404faff8b0d200385e26b783a163e475869336029d3ebaccaf02b5f16e4949279e8a33b942ab647f8f19a83dbe89a6d39dd6d8f84812de7d2e556767:6422386434050716105781561510557063652302782465168686858312232148",
            "hashcat",
        ),
        okta: "SHA-512, POSTFIX",
        reader: Reader::Expression("sha512($pass.$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "serv-u",
        aliases: &["solarwinds-serv-u"],
        hashcat: &[24],
        software: "SolarWinds Serv-U",
        layout: "{salt:2}{digest}",
        hashcat_layout: "{digest}:{salt}",
        example: Example::of("00e983672a03adcc9767b24584338eb378", "hashcat"),
        okta: "MD5, PREFIX",
        reader: Reader::Expression("md5($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "rails-restful-authentication",
        aliases: &["restful-authentication"],
        hashcat: &[19500],
        software: "Rails with restful-authentication; the pepper is REST_AUTH_SITE_KEY",
        layout: "{digest}:{salt}:{pepper}",
        example: Example::of(
            "d7d5ea3e09391da412b653ae6c8d7431ec273ea2:238769868762:8962783556527653675",
            "hashcat",
        ),
        okta: "hook: ten rounds of SHA-1",
        reader: Reader::Expression(
            "iterate(10,sha1($pepper.'--'.$salt.'--'.$pass.'--'.$pepper),sha1($_.'--'.$salt.'--'.$pass.'--'.$pepper))",
        ),
        ..Entry::BLANK
    },
    Entry {
        name: "rails-restful-authentication-plain",
        aliases: &["acts-as-authenticated"],
        hashcat: &[27200],
        software: "Rails with acts_as_authenticated, or restful-authentication without site key and stretching",
        layout: "{digest}:{salt}",
        example: Example::of(
            "3999d08db95797891ec77f07223ca81bf43e1be2:5dcc47b04c49d3c8e1b9e4ec367fddeed21b7b85",
            "hashcat",
        ),
        okta: "hook: the password stands between two salts",
        reader: Reader::Expression("sha1('--'.$salt.'--'.$pass.'--')"),
        ..Entry::BLANK
    },
];
