<?php
// Values of PHP software, for apps.py: reads passwords as JSON from standard input, writes values as JSON.
// The first argument is a folder with Debian's packages `wordpress` and `mediawiki` unpacked.
// Where the software itself cannot be run without a database, its documented formula is computed with the PHP functions
// that it calls, and `source` says so.

$root = $argv[1];
require "$root/wordpress/usr/share/wordpress/wp-includes/class-phpass.php";
require "$root/wordpress/usr/share/wordpress/wp-includes/version.php";

function wp_magic_quotes_of($password) { return trim(addslashes($password)); }

const RADIX64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
function radix64_salt() {
    $salt = '';
    for ($i = 0; $i < 21; $i++) $salt .= RADIX64[random_int(0, 63)];
    return $salt . '.Oeu'[random_int(0, 3)];
}

// Drupal 7's `_password_crypt`, after its description: phpass's loop with SHA-512, the whole cut to 55 characters.
class Sha512Phpass extends PasswordHash {
    function setting($log2) { return '$S$' . $this->itoa64[$log2] . $this->encode64(random_bytes(6), 6); }
    function crypt($password, $setting) {
        $salt = substr($setting, 4, 8);
        $hash = hash('sha512', $salt . $password, true);
        for ($i = 1 << strpos($this->itoa64, $setting[3]); $i > 0; $i--) $hash = hash('sha512', $hash . $password, true);
        return substr($setting . $this->encode64($hash, 64), 0, 55);
    }
}

function argon_of_magento($data, $salt, $bytes, $ops, $mem) {
    $n = SODIUM_CRYPTO_PWHASH_SALTBYTES;
    $salt = strlen($salt) < $n ? str_pad($salt, $n, $salt) : substr($salt, 0, $n);
    return bin2hex(sodium_crypto_pwhash($bytes, $data, $salt, $ops, $mem, SODIUM_CRYPTO_PWHASH_ALG_ARGON2ID13));
}

// MediaWiki's own classes, with the configuration that it has by default except for the rounds.
class MWException extends Exception {}
class MWCryptRand { static function generateHex($digits) { return bin2hex(random_bytes($digits / 2)); } }
$mw = "$root/mediawiki/usr/share/mediawiki/includes/password";
foreach (['PasswordError', 'Password', 'ParameterizedPassword', 'MWOldPassword', 'MWSaltedPassword', 'Pbkdf2Password',
          'BcryptPassword', 'Argon2Password', 'LayeredParameterizedPassword', 'InvalidPassword', 'PasswordFactory'] as $class) {
    require_once "$mw/$class.php";
}
$types = [
    'A' => ['class' => 'MWOldPassword'],
    'B' => ['class' => 'MWSaltedPassword'],
    'pbkdf2' => ['class' => 'Pbkdf2Password', 'algo' => 'sha512', 'cost' => '5000', 'length' => '64'],
    'pbkdf2-legacyA' => ['class' => 'LayeredParameterizedPassword', 'types' => ['A', 'pbkdf2']],
    'pbkdf2-legacyB' => ['class' => 'LayeredParameterizedPassword', 'types' => ['B', 'pbkdf2']],
    'bcrypt' => ['class' => 'BcryptPassword', 'cost' => 5],
    'argon2' => ['class' => 'Argon2Password', 'algo' => 'auto', 'memory_cost' => 1024],
];
$factory = new PasswordFactory($types, 'pbkdf2');
function mediawiki($type, $password) {
    global $factory;
    $object = $factory->newFromType($type);
    $object->crypt($password);
    $text = $object->toString();
    if (!$factory->newFromCiphertext($text)->verify($password)) throw new Exception("$type does not verify");
    return $text;
}

$phpass = new PasswordHash(8, true);
$PHP = 'PHP ' . PHP_VERSION;
$out = [];
function add($source, $how, $scheme, $stored, $p, $more = []) {
    global $out;
    $out[] = ['source' => $source, 'how' => $how, 'scheme' => $scheme, 'stored' => $stored, 'password' => $p] + $more;
}

foreach (json_decode(stream_get_contents(STDIN)) as $p) {
    $wordpress = "WordPress $wp_version (Debian), class-phpass.php and addslashes";
    $formula = "WordPress 6.8's documented formula in $PHP";
    $typed = wp_magic_quotes_of($p);
    $of = fn ($text) => '$wp' . password_hash(base64_encode(hash_hmac('sha384', trim($text), 'wp-sha384', true)), PASSWORD_BCRYPT, ['cost' => 5]);
    add($formula, '$wp + bcrypt(base64(hmac_sha384(trim(addslashes(password))))), as from the form', 'wordpress-bcrypt', $of($typed), $p);
    add($formula, 'likewise without addslashes, as from WP-CLI', 'wordpress-bcrypt', $of($p), $p);
    add($formula, 'as from the form, of the password between blanks', 'wordpress-bcrypt', $of(addslashes(" $p\t")), $p);
    add($formula, 'as from the form', 'wordpress', $of($typed), $p, ['auto' => false]);
    add($wordpress, 'HashPassword(trim(addslashes(password)))', 'wordpress', $phpass->HashPassword($typed), $p, ['auto' => false]);
    add($wordpress, 'md5(trim(addslashes(password))), as before 2.5', 'wordpress', md5($typed), $p, ['auto' => false]);
    add($PHP, 'password_hash(trim(password)), as plugins do', 'wordpress', password_hash(trim($p), PASSWORD_BCRYPT, ['cost' => 5]), $p, ['auto' => false]);

    $drupal = "phpass's loop (WordPress $wp_version's class-phpass.php) with SHA-512, after Drupal's description";
    $sha512 = new Sha512Phpass(8, true);
    foreach ([7, 10] as $log2) {
        add($drupal, "2^$log2 rounds, cut to 55 characters", 'drupal7', $sha512->crypt($p, $sha512->setting($log2)), $p);
    }
    add($drupal, 'U and that of the MD5', 'drupal7', 'U' . $sha512->crypt(md5($p), $sha512->setting(8)), $p);
    add($wordpress, 'U and HashPassword(md5(password))', 'drupal7', 'U' . $phpass->HashPassword(md5($p)), $p);

    $mediawiki = 'MediaWiki 1.39.17 (Debian), its Password classes';
    $okta = ['mw' => true];
    add($mediawiki, "newFromType('A')->crypt", 'mediawiki-a', mediawiki('A', $p), $p, ['okta_md5' => md5($p)]);
    add($mediawiki, "newFromType('pbkdf2')->crypt", 'mediawiki-pbkdf2', mediawiki('pbkdf2', $p), $p, $okta);
    foreach (['sha256' => '32', 'sha1' => '20', 'md5' => '16'] as $algo => $length) {
        $types['pbkdf2'] = ['class' => 'Pbkdf2Password', 'algo' => $algo, 'cost' => '4096', 'length' => $length];
        $factory = new PasswordFactory($types, 'pbkdf2');
        add($mediawiki, "newFromType('pbkdf2')->crypt with $algo", 'mediawiki-pbkdf2', mediawiki('pbkdf2', $p), $p,
            $algo === 'sha256' ? $okta : []);
    }
    $types['pbkdf2'] = ['class' => 'Pbkdf2Password', 'algo' => 'sha512', 'cost' => '5000', 'length' => '64'];
    $factory = new PasswordFactory($types, 'pbkdf2');
    foreach (['A', 'B'] as $type) {
        add($mediawiki, "newFromType('pbkdf2-legacy$type')->crypt", 'mediawiki-pbkdf2-legacy', mediawiki("pbkdf2-legacy$type", $p), $p);
        $first = $factory->newFromType($type);
        $first->crypt($p);
        $layered = $factory->newFromType("pbkdf2-legacy$type");
        $layered->partialCrypt($first);
        add($mediawiki, "newFromType('pbkdf2-legacy$type')->partialCrypt, as wrapOldPasswords.php does", 'mediawiki-pbkdf2-legacy', $layered->toString(), $p);
    }
    add($mediawiki, "newFromType('bcrypt')->crypt", 'mediawiki-bcrypt', mediawiki('bcrypt', $p), $p, $okta);
    if (defined('PASSWORD_ARGON2ID')) {
        add($mediawiki, "newFromType('argon2')->crypt", 'mediawiki-argon2', mediawiki('argon2', $p), $p);
    }

    $bcrypt = password_hash($p, PASSWORD_BCRYPT, ['cost' => 5]);
    add($PHP, "'1|' . password_hash(password, PASSWORD_BCRYPT), after Nextcloud's Hasher", 'nextcloud', "1|$bcrypt", $p, ['bcrypt' => $bcrypt]);
    foreach ([[2, 'PASSWORD_ARGON2I'], [3, 'PASSWORD_ARGON2ID']] as [$version, $name]) {
        if (defined($name)) {
            $value = password_hash($p, constant($name), ['memory_cost' => 1024, 'time_cost' => 2]);
            add($PHP, "'$version|' . password_hash(password, $name), after Nextcloud's Hasher", 'nextcloud', "$version|$value", $p);
        }
    }

    $phpbb = "phpBB's documented formula in $PHP, with WordPress $wp_version's class-phpass.php";
    foreach (['htmlspecialchars(password)' => htmlspecialchars($p, ENT_COMPAT), 'password' => $p] as $how => $typed) {
        $setting = '$H$9' . substr(strtr(base64_encode(random_bytes(9)), '+', '.'), 0, 8);
        $first = str_replace($setting, '', $phpass->crypt_private($typed, $setting));
        $salt = radix64_salt();
        $second = str_replace("\$2y\$05\$$salt", '', crypt($first, "\$2y\$05\$$salt"));
        $combined = '$H\\2y$' . substr($setting, 3) . "\$05\\$salt\$$second";
        add($phpbb, "phpass of $how, then bcrypt of its digest", 'phpbb-phpass-bcrypt', $combined, $p);
        add($phpbb, "phpass of $how, then bcrypt of its digest", 'phpbb', $combined, $p, ['auto' => false]);
        add($phpbb, "phpass of $how", 'phpbb', $phpass->crypt_private($typed, $setting), $p, ['auto' => false]);
        add($phpbb, "bcrypt of $how", 'phpbb', password_hash($typed, PASSWORD_BCRYPT, ['cost' => 5]), $p, ['auto' => false]);
        add($phpbb, "md5 of $how", 'phpbb', md5($typed), $p, ['auto' => false]);
    }

    $woltlab = "WoltLab's documented formula in $PHP";
    $salt = '$2a$05$' . radix64_salt();
    $double = crypt(crypt($p, $salt), $salt);
    add($woltlab, 'crypt(crypt(password, salt), salt)', 'woltlab-double-bcrypt', $double, $p, ['auto' => false]);
    add($woltlab, "'DoubleBcrypt:' . crypt(crypt(password, salt), salt)", 'woltlab', "DoubleBcrypt:$double", $p);
    add($woltlab, "'Bcrypt:' . password_hash(password, PASSWORD_BCRYPT)", 'woltlab', "Bcrypt:$bcrypt", $p, ['bcrypt' => $bcrypt]);

    $magento = "Magento 2's documented formula in $PHP with its libsodium";
    $salt = substr(strtr(base64_encode(random_bytes(30)), '+/', 'ab'), 0, 32);
    $interactive = fn ($text, $salt) => argon_of_magento($text, $salt, 32, 2, 67108864);
    $okta = ['auto' => false];
    add($magento, 'md5(salt . password)', 'magento2', md5($salt . $p) . ":$salt:0", $p, $okta + ['digest' => 'MD5', 'salt_text' => $salt]);
    add($magento, "hash('sha256', salt . password)", 'magento2', hash('sha256', $salt . $p) . ":$salt:1", $p, $okta + ['digest' => 'SHA-256', 'salt_text' => $salt]);
    add($magento, 'version 1 of version 0', 'magento2', hash('sha256', $salt . md5($salt . $p)) . ":$salt:0:1", $p, $okta);
    add($magento, 'sodium_crypto_pwhash', 'magento2', $interactive($p, $salt) . ":$salt:2", $p, $okta);
    add($magento, 'sodium_crypto_pwhash with a short salt', 'magento2', $interactive($p, 'abc') . ':abc:2', $p, $okta);
    add($magento, 'sodium_crypto_pwhash', 'magento2', $interactive($p, $salt) . ":$salt:3_32_2_67108864", $p, $okta);
    add($magento, 'sodium_crypto_pwhash with 16 bytes, 3 passes, 8192 bytes of memory', 'magento2', argon_of_magento($p, $salt, 16, 3, 8192) . ":$salt:3_16_3_8192", $p, $okta);
    add($magento, 'version 2 of versions 0 and 1', 'magento2', $interactive(hash('sha256', $salt . md5($salt . $p)), $salt) . ":$salt:0:1:2", $p, $okta);
    add($magento, 'version 3 of version 1', 'magento2', argon_of_magento(hash('sha256', $salt . $p), $salt, 32, 2, 1048576) . ":$salt:1:3_32_2_1048576", $p, $okta);
}
echo json_encode($out, JSON_THROW_ON_ERROR);
