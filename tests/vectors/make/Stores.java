// Prints one line for each store and password: name, password, stored value, separated by tabs, the last two in base64.
// Passwords come from standard input, one a line, as base64 of UTF-8.
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.*;
import org.apache.activemq.artemis.utils.PasswordMaskingUtil;
import org.apache.kafka.common.security.scram.internals.*;
import org.apache.shiro.crypto.SecureRandomNumberGenerator;
import org.apache.shiro.crypto.hash.SimpleHash;
import org.apache.shiro.util.ByteSource;

public class Stores {
    public static void main(String[] arguments) throws Exception {
        Scanner lines = new Scanner(System.in, StandardCharsets.US_ASCII);
        while (lines.hasNextLine()) {
            String line = lines.nextLine();
            String password = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            for (String digest : List.of("256", "512")) {
                ScramMechanism mechanism = ScramMechanism.forMechanismName("SCRAM-SHA-" + digest);
                print("kafka-scram-sha-" + digest, line, ScramCredentialUtils.credentialToString(
                    new ScramFormatter(mechanism).generateCredential(password, 4096)));
            }
            print("artemis", line, PasswordMaskingUtil.getHashProcessor().hash(password));
            for (int rounds : new int[] {1, 1024}) {
                // As Neo4j's SecureHasher and SystemGraphCredential do.
                ByteSource salt = new SecureRandomNumberGenerator().nextBytes(32);
                SimpleHash hash = new SimpleHash("SHA-256", password.getBytes(StandardCharsets.UTF_8), salt, rounds);
                String start = String.join(",", "SHA-256", hash.toHex(), salt.toHex());
                print(rounds == 1 ? "neo4j-3" : "neo4j", line, rounds == 1 ? start : start + "," + rounds);
            }
            print("h2", line, h2(password));
        }
    }

    static String h2(String password) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:h2:mem:", "sa", "");
             Statement statement = connection.createStatement()) {
            statement.execute("CREATE USER LEGACY PASSWORD '" + password.replace("'", "''") + "'");
            ResultSet script = statement.executeQuery("SCRIPT NODATA");
            while (script.next()) {
                String text = script.getString(1);
                if (text.contains("\"LEGACY\"")) {
                    return text.substring(text.indexOf("SALT"), text.lastIndexOf("'") + 1);
                }
            }
            throw new IllegalStateException("no user");
        }
    }

    static void print(String name, String password, String stored) {
        System.out.println(name + "\t" + password + "\t"
            + Base64.getEncoder().encodeToString(stored.getBytes(StandardCharsets.UTF_8)));
    }
}
