/* Verifies passwords with the C libraries that are there, and says what CPU time it took.
 *
 * kernels.py compiles it with a HAVE_… for each library and speaks to it by lines. At the start it prints what it
 * offers, a line "offers PEER KIND VERSION" each, then "ready". Then it reads "PEER KIND COUNT STORED PASSWORD" and
 * answers "ok MICROSECONDS" of CPU time, user's and system's, for each of COUNT verifications, or "error WHY". Every
 * verification must succeed. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#ifdef HAVE_CRYPT
#include <crypt.h>
#endif
#ifdef HAVE_OPENSSL
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#endif
#ifdef HAVE_SODIUM
#include <sodium.h>
#endif
#ifdef HAVE_ARGON2
#include <argon2.h>
#endif

static double cpu_micros(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* "a:b:salt:hex": numbers, the salt as it is, the key in hex. Gives how many bytes the key has, 0 when it is none. */
static size_t unhex(const char *hex, unsigned char *key, size_t room) {
    size_t length = strlen(hex) / 2;
    if (length > room) return 0;
    for (size_t i = 0; i < length; i++)
        if (sscanf(hex + 2 * i, "%2hhx", &key[i]) != 1) return 0;
    return length;
}

#ifdef HAVE_CRYPT
static int by_crypt(const char *stored, const char *password) {
    static struct crypt_data data;
    const char *made = crypt_r(password, stored, &data);
    return made && strcmp(made, stored) == 0;
}
#endif

#ifdef HAVE_OPENSSL
static int by_pbkdf2(const EVP_MD *digest, const char *stored, const char *password) {
    unsigned rounds;
    char salt[64], hex[129];
    unsigned char key[64], made[64];
    if (sscanf(stored, "%u:%63[^:]:%128s", &rounds, salt, hex) != 3) return 0;
    size_t length = unhex(hex, key, sizeof key);
    return length
        && PKCS5_PBKDF2_HMAC(password, strlen(password), (unsigned char *)salt, strlen(salt), rounds, digest, length, made)
        && CRYPTO_memcmp(key, made, length) == 0;
}
#endif

#if defined(HAVE_OPENSSL) || defined(HAVE_SODIUM)
static int by_scrypt(int sodium, const char *stored, const char *password) {
    unsigned log_n, r, p;
    char salt[64], hex[129];
    unsigned char key[64], made[64];
    if (sscanf(stored, "%u:%u:%u:%63[^:]:%128s", &log_n, &r, &p, salt, hex) != 5) return 0;
    size_t length = unhex(hex, key, sizeof key);
    if (!length) return 0;
#ifdef HAVE_SODIUM
    if (sodium)
        return crypto_pwhash_scryptsalsa208sha256_ll((unsigned char *)password, strlen(password), (unsigned char *)salt,
                   strlen(salt), 1ULL << log_n, r, p, made, length) == 0
            && sodium_memcmp(key, made, length) == 0;
#endif
#ifdef HAVE_OPENSSL
    if (!sodium)
        return EVP_PBE_scrypt(password, strlen(password), (unsigned char *)salt, strlen(salt), 1ULL << log_n, r, p,
                   256ULL << 20, made, length)
            && CRYPTO_memcmp(key, made, length) == 0;
#endif
    return 0;
}
#endif

/* 1 verified, 0 not, -1 nothing known of such a peer and kind. */
static int verify(const char *peer, const char *kind, const char *stored, const char *password) {
#ifdef HAVE_CRYPT
    if (!strcmp(peer, "libxcrypt") && !strcmp(kind, "crypt")) return by_crypt(stored, password);
#endif
#ifdef HAVE_OPENSSL
    if (!strcmp(peer, "OpenSSL")) {
        if (!strcmp(kind, "pbkdf2-sha256")) return by_pbkdf2(EVP_sha256(), stored, password);
        if (!strcmp(kind, "pbkdf2-sha512")) return by_pbkdf2(EVP_sha512(), stored, password);
        if (!strcmp(kind, "pbkdf2-sha1")) return by_pbkdf2(EVP_sha1(), stored, password);
        if (!strcmp(kind, "scrypt")) return by_scrypt(0, stored, password);
    }
#endif
#ifdef HAVE_SODIUM
    if (!strcmp(peer, "libsodium")) {
        if (!strcmp(kind, "argon2")) return crypto_pwhash_str_verify(stored, password, strlen(password)) == 0;
        if (!strcmp(kind, "scrypt")) return by_scrypt(1, stored, password);
    }
#endif
#ifdef HAVE_ARGON2
    if (!strcmp(peer, "libargon2") && !strcmp(kind, "argon2"))
        return argon2id_verify(stored, password, strlen(password)) == ARGON2_OK;
#endif
    return -1;
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
#ifdef HAVE_CRYPT
    puts("offers libxcrypt crypt " XCRYPT_VERSION_STR);
#endif
#ifdef HAVE_OPENSSL
    const char *openssl = OpenSSL_version(OPENSSL_VERSION_STRING);
    const char *kinds[] = {"pbkdf2-sha256", "pbkdf2-sha512", "pbkdf2-sha1", "scrypt"};
    for (int i = 0; i < 4; i++) printf("offers OpenSSL %s %s\n", kinds[i], openssl);
#endif
#ifdef HAVE_SODIUM
    if (sodium_init() < 0) return 1;
    printf("offers libsodium argon2 %s\noffers libsodium scrypt %s\n", sodium_version_string(), sodium_version_string());
#endif
#ifdef HAVE_ARGON2
    printf("offers libargon2 argon2 (v1.%d)\n", ARGON2_VERSION_NUMBER & 15);
#endif
    puts("ready");
    char line[2048], peer[32], kind[32], stored[1024], password[256];
    unsigned count;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "%31s %31s %u %1023s %255s", peer, kind, &count, stored, password) != 5 || count == 0) {
            puts("error an unreadable line");
            continue;
        }
        int verdict = 1;
        double before = cpu_micros();
        for (unsigned i = 0; i < count && verdict == 1; i++) verdict = verify(peer, kind, stored, password);
        double took = cpu_micros() - before;
        if (verdict == 1) printf("ok %.3f\n", took / count);
        else puts(verdict ? "error no such peer and kind" : "error not verified");
    }
    return 0;
}
