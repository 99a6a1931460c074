// Prints one line for each encoder and password: id, password, encoded value, separated by tabs.
// Passwords come from standard input, one a line, as base64 of UTF-8.
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.springframework.security.crypto.argon2.Argon2PasswordEncoder;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.security.crypto.password.*;
import org.springframework.security.crypto.scrypt.SCryptPasswordEncoder;

@SuppressWarnings("deprecation")
public class Spring {
    public static void main(String[] arguments) throws Exception {
        Map<String, PasswordEncoder> encoders = new LinkedHashMap<>();
        encoders.put("bcrypt", new BCryptPasswordEncoder());
        encoders.put("ldap", new LdapShaPasswordEncoder());
        encoders.put("MD4", new Md4PasswordEncoder());
        encoders.put("MD5", new MessageDigestPasswordEncoder("MD5"));
        encoders.put("noop", NoOpPasswordEncoder.getInstance());
        encoders.put("pbkdf2", Pbkdf2PasswordEncoder.defaultsForSpringSecurity_v5_5());
        encoders.put("pbkdf2@SpringSecurity_v5_8", Pbkdf2PasswordEncoder.defaultsForSpringSecurity_v5_8());
        encoders.put("scrypt", SCryptPasswordEncoder.defaultsForSpringSecurity_v4_1());
        encoders.put("scrypt@SpringSecurity_v5_8", SCryptPasswordEncoder.defaultsForSpringSecurity_v5_8());
        encoders.put("SHA-1", new MessageDigestPasswordEncoder("SHA-1"));
        encoders.put("SHA-256", new MessageDigestPasswordEncoder("SHA-256"));
        encoders.put("sha256", new StandardPasswordEncoder());
        encoders.put("argon2", Argon2PasswordEncoder.defaultsForSpringSecurity_v5_2());
        encoders.put("argon2@SpringSecurity_v5_8", Argon2PasswordEncoder.defaultsForSpringSecurity_v5_8());
        Scanner lines = new Scanner(System.in, StandardCharsets.US_ASCII);
        while (lines.hasNextLine()) {
            String line = lines.nextLine();
            String password = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            for (String id : encoders.keySet()) {
                try {
                    PasswordEncoder all = new DelegatingPasswordEncoder(id, encoders);
                    String stored = all.encode(password);
                    if (!all.matches(password, stored)) throw new IllegalStateException(id);
                    String out = id + "\t" + line + "\t"
                        + Base64.getEncoder().encodeToString(stored.getBytes(StandardCharsets.UTF_8));
                    System.out.println(out);
                } catch (IllegalArgumentException refused) {
                    System.err.println(id + ": " + refused.getMessage());
                }
            }
        }
    }
}
