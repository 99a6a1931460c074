<?php
// Verifies passwords as PHP applications do, and says what CPU time it took; kernels.c describes the lines it speaks.

/** Portable password hashing as phpass (WordPress before 6.8, Drupal 6, phpBB 3) does it, written after its description. */
function phpass(string $password, string $stored): bool
{
    $alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    $rounds = 1 << strpos($alphabet, $stored[3]);
    $hash = md5(substr($stored, 4, 8) . $password, true);
    do {
        $hash = md5($hash . $password, true);
    } while (--$rounds);
    $text = '';
    for ($i = 0; $i < 16; $i += 3) {
        $value = ord($hash[$i]) | (isset($hash[$i + 1]) ? ord($hash[$i + 1]) << 8 : 0) | (isset($hash[$i + 2]) ? ord($hash[$i + 2]) << 16 : 0);
        for ($digit = 0; $digit < ($i === 15 ? 2 : 4); $digit++) {
            $text .= $alphabet[($value >> (6 * $digit)) & 63];
        }
    }
    return hash_equals(substr($stored, 12), $text);
}

function cpu_micros(): float
{
    $usage = getrusage();
    return ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']) * 1e6 + $usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec'];
}

$kinds = [
    'crypt' => 'password_verify',
    'bcrypt' => 'password_verify',
    'phpass' => 'phpass',
    'pbkdf2-sha256' => function (string $password, string $stored): bool {
        [$rounds, $salt, $key] = explode(':', $stored);
        return hash_equals($key, hash_pbkdf2('sha256', $password, $salt, (int) $rounds, strlen($key)));
    },
];
if (in_array('argon2id', password_algos(), true)) {
    $kinds['argon2'] = 'password_verify';
}
foreach ($kinds as $kind => $verify) {
    echo "offers PHP $kind ", PHP_VERSION, "\n";
}
echo "ready\n";
while (($line = fgets(STDIN)) !== false) {
    [$peer, $kind, $count, $stored, $password] = explode(' ', trim($line));
    $verify = $kinds[$kind] ?? null;
    if ($verify === null) {
        echo "error no such kind\n";
        continue;
    }
    $verified = true;
    $before = cpu_micros();
    for ($i = 0; $i < (int) $count && $verified; $i++) {
        $verified = $verify($password, $stored);
    }
    $took = cpu_micros() - $before;
    echo $verified ? sprintf("ok %.3f\n", $took / (int) $count) : "error not verified\n";
}
