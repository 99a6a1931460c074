<?php
// Prints one line for each value: scheme, source, how, stored, password, salt, pepper; each in base64, separated by
// tabs. Passwords come from standard input, one a line, as base64. The argument is the folder in which Debian's
// php-symfony-password-hasher was unpacked.
$hasher = $argv[1] . '/usr/share/php/Symfony/Component/PasswordHasher';
foreach (['PasswordHasherInterface', 'LegacyPasswordHasherInterface', 'Exception/ExceptionInterface',
    'Exception/InvalidPasswordException', 'Exception/LogicException', 'Hasher/CheckPasswordLengthTrait',
    'Hasher/MessageDigestPasswordHasher', 'Hasher/Pbkdf2PasswordHasher', 'Hasher/NativePasswordHasher'] as $file) {
    require "$hasher/$file.php";
}
use Symfony\Component\PasswordHasher\Hasher\{MessageDigestPasswordHasher, NativePasswordHasher, Pbkdf2PasswordHasher};

function show(...$fields) { echo implode("\t", array_map('base64_encode', $fields)), "\n"; }

$source = 'Symfony PasswordHasher 5.4.53, PHP 8.2';
$salt = "a1B2'c3";
$pepper = 'DYhG93b0qyJfIxfs2guVoUubWwvniR2G0FgaC9mi';
while (($line = fgets(STDIN)) !== false) {
    $p = base64_decode($line);
    show('symfony-sha512', $source, 'MessageDigestPasswordHasher()->hash(password, salt)',
        (new MessageDigestPasswordHasher())->hash($p, $salt), $p, $salt, '');
    show('symfony-sha512', $source, 'MessageDigestPasswordHasher("sha512", false)->hash(password, salt)',
        (new MessageDigestPasswordHasher('sha512', false))->hash($p, $salt), $p, $salt, '');
    show('acegi-sha1', $source, 'MessageDigestPasswordHasher("sha1", false, 1)->hash(password, salt)',
        (new MessageDigestPasswordHasher('sha1', false, 1))->hash($p, $salt), $p, $salt, '');
    show('symfony-pbkdf2', $source, 'Pbkdf2PasswordHasher()->hash(password, salt)',
        (new Pbkdf2PasswordHasher())->hash($p, $salt), $p, $salt, '');
    show('symfony-bcrypt', $source, 'NativePasswordHasher(null, null, 4, "2y")->hash(password)',
        (new NativePasswordHasher(null, null, 4, '2y'))->hash($p), $p, '', '');
    foreach (['cakephp' => 'sha1', 'cakephp-md5' => 'md5', 'cakephp-sha256' => 'sha256'] as $scheme => $name) {
        show($scheme, 'PHP 8.2', "hash('$name', salt of the site . password), as CakePHP 2's Security::hash does",
            hash($name, $pepper . $p), $p, '', $pepper);
    }
    $laminas = password_hash(hash('sha256', $p), PASSWORD_BCRYPT, ['cost' => 4]);
    show('meteor', 'PHP 8.2', "password_hash(hash('sha256', password)), as Laminas' BcryptSha does", $laminas, $p, '', '');
    $salt10 = substr(md5($p), 0, 10);
    show('ion-auth-sha1', 'PHP 8.2', "salt . substr(sha1(salt . password), 0, -10), as Ion Auth 2 does",
        $salt10 . substr(sha1($salt10 . $p), 0, -10), $p, '', '');
    show('ion-auth-sha1-salt', 'PHP 8.2', "sha1(password . salt), as Ion Auth 2 does with store_salt",
        sha1($p . $salt), $p, $salt, '');
}
