// Prints one line for each value: scheme, source, how, stored, password, salt, pepper; each in base64, separated by
// tabs. Passwords come from standard input, one a line, as base64 of UTF-8. Runs with jasypt, spring-security-crypto 6
// and, behind it in the class path, spring-security-core 4.
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.jasypt.digest.config.*;
import org.jasypt.util.password.*;
import org.springframework.security.authentication.encoding.*;
import org.springframework.security.crypto.password.Pbkdf2PasswordEncoder;
import org.springframework.security.crypto.password.StandardPasswordEncoder;

@SuppressWarnings("deprecation")
public class Frameworks {
    static final String JASYPT = "jasypt 1.9.3";
    static final String OLD = "spring-security-core 4.2.20";
    static final String NEW = "spring-security-crypto 6.5.1";

    static void print(String... fields) {
        StringJoiner line = new StringJoiner("\t");
        for (String field : fields) {
            line.add(Base64.getEncoder().encodeToString(field.getBytes(StandardCharsets.UTF_8)));
        }
        System.out.println(line);
    }

    public static void main(String[] arguments) {
        Scanner lines = new Scanner(System.in, StandardCharsets.US_ASCII);
        while (lines.hasNextLine()) {
            String p = new String(Base64.getDecoder().decode(lines.nextLine()), StandardCharsets.UTF_8);
            print("jasypt-basic", JASYPT, "BasicPasswordEncryptor.encryptPassword(password)",
                new BasicPasswordEncryptor().encryptPassword(p), p, "", "");
            print("jasypt-strong", JASYPT, "StrongPasswordEncryptor.encryptPassword(password)",
                new StrongPasswordEncryptor().encryptPassword(p), p, "", "");
            String salt = "a1B2'c3";
            for (String name : List.of("MD5", "SHA-1", "SHA-256", "SHA-512")) {
                print("acegi-" + name.replace("-", "").toLowerCase(), OLD,
                    "MessageDigestPasswordEncoder(\"" + name + "\").encodePassword(password, salt)",
                    new MessageDigestPasswordEncoder(name).encodePassword(p, salt), p, salt, "");
            }
            MessageDigestPasswordEncoder grails = new MessageDigestPasswordEncoder("SHA-256");
            grails.setIterations(10000);
            String how = "MessageDigestPasswordEncoder(\"SHA-256\").setIterations(10000), encodePassword(password, ";
            print("grails-sha256", OLD, how + "null)", grails.encodePassword(p, null), p, "", "");
            print("grails-sha256-salt", OLD, how + "salt)", grails.encodePassword(p, salt), p, salt, "");
            String secret = "secret of the site";
            Pbkdf2PasswordEncoder before = new Pbkdf2PasswordEncoder(secret, 8, 185000, 256);
            Pbkdf2PasswordEncoder since = new Pbkdf2PasswordEncoder(secret, 16, 310000,
                Pbkdf2PasswordEncoder.SecretKeyFactoryAlgorithm.PBKDF2WithHmacSHA256);
            print("spring-pbkdf2", NEW, "Pbkdf2PasswordEncoder(secret, 8, 185000, 256).encode(password)",
                before.encode(p), p, "", secret);
            print("spring-pbkdf2", NEW, "Pbkdf2PasswordEncoder(secret, 16, 310000, SHA256).encode(password)",
                since.encode(p), p, "", secret);
            since.setEncodeHashAsBase64(true);
            print("spring-pbkdf2", NEW, "the same with setEncodeHashAsBase64(true)", since.encode(p), p, "", secret);
            print("spring-sha256", NEW, "StandardPasswordEncoder(secret).encode(password)",
                new StandardPasswordEncoder(secret).encode(p), p, "", secret);
        }
    }
}
