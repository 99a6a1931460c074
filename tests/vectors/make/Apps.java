// Values of Java software, for apps.py: reads passwords as base64, one a line, writes `scheme TAB source TAB how TAB
// password TAB stored` in base64. Needs, on the class path, Keycloak's services, server-spi, server-spi-private,
// crypto-default, common and core, Shiro 1's core, Tomcat's catalina, and what these need.

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Scanner;
import java.util.concurrent.Semaphore;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

import org.apache.catalina.realm.MessageDigestCredentialHandler;
import org.apache.catalina.realm.SecretKeyCredentialHandler;
import org.apache.shiro.crypto.hash.SimpleHash;
import org.apache.shiro.crypto.hash.format.Shiro1CryptFormat;
import org.keycloak.credential.hash.PasswordHashProvider;
import org.keycloak.credential.hash.Pbkdf2PasswordHashProvider;
import org.keycloak.crypto.hash.Argon2PasswordHashProvider;
import org.keycloak.models.credential.PasswordCredentialModel;
import org.keycloak.util.JsonSerialization;

public class Apps {
    static final SecureRandom RANDOM = new SecureRandom();

    static void out(String scheme, String source, String how, String password, String stored) {
        StringBuilder line = new StringBuilder(scheme);
        for (String field : new String[] {source, how, password, stored}) {
            line.append('\t').append(Base64.getEncoder().encodeToString(field.getBytes(StandardCharsets.UTF_8)));
        }
        System.out.println(line);
    }

    static byte[] random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return random;
    }

    static void keycloak(String password) throws Exception {
        String version = PasswordCredentialModel.class.getProtectionDomain().getCodeSource().getLocation().getPath().replaceAll(".*-([0-9.]+)\\.jar", "$1");
        org.keycloak.common.crypto.CryptoIntegration.init(Apps.class.getClassLoader());
        Object[][] providers = {
            {"Pbkdf2PasswordHashProvider", new Pbkdf2PasswordHashProvider("pbkdf2", "PBKDF2WithHmacSHA1", 20000, 0), 2000},
            {"Pbkdf2PasswordHashProvider", new Pbkdf2PasswordHashProvider("pbkdf2-sha256", "PBKDF2WithHmacSHA256", 27500, 0), 5000},
            {"Pbkdf2PasswordHashProvider, 256 bits", new Pbkdf2PasswordHashProvider("pbkdf2-sha256", "PBKDF2WithHmacSHA256", 27500, 0, 256), 4096},
            {"Pbkdf2PasswordHashProvider", new Pbkdf2PasswordHashProvider("pbkdf2-sha512", "PBKDF2WithHmacSHA512", 210000, 14), 4096},
            {"Argon2PasswordHashProvider", new Argon2PasswordHashProvider("1.3", "id", 32, 1024, 2, 1, new Semaphore(1)), 2},
            {"Argon2PasswordHashProvider, d of version 1.0", new Argon2PasswordHashProvider("1.0", "d", 16, 64, 3, 2, new Semaphore(1)), 3},
        };
        int turn = 0;
        for (Object[] row : providers) {
            PasswordHashProvider provider = (PasswordHashProvider) row[1];
            PasswordCredentialModel model = provider.encodedCredential(password, (Integer) row[2]);
            if (!provider.verify(password, model)) throw new IllegalStateException();
            String secret = model.getSecretData(), data = model.getCredentialData();
            String source = "Keycloak " + version + ", " + row[0];
            String quoted = JsonSerialization.writeValueAsString(secret), quotedData = JsonSerialization.writeValueAsString(data);
            String[][] dresses = {
                {"secret_data || credential_data", secret + data},
                {"secret_data and credential_data as members", "{\"secret_data\": " + secret + ", \"credential_data\": " + data + "}"},
                {"as a realm's export", "{\"id\":\"7f4a\",\"type\":\"password\",\"userLabel\":\"My password\",\"createdDate\":1700000000000,"
                    + "\"secretData\":" + quoted + ",\"credentialData\":" + quotedData + "}"},
            };
            String[] dress = dresses[turn++ % dresses.length];
            out("keycloak", source, dress[0], password, dress[1]);
            if (row[0].equals("Pbkdf2PasswordHashProvider")) {
                String flat = "{\"type\":\"password\",\"hashedSaltedValue\":\"" + model.getPasswordSecretData().getValue() + "\",\"salt\":\""
                    + Base64.getEncoder().encodeToString(model.getPasswordSecretData().getSalt()) + "\",\"hashIterations\":"
                    + model.getPasswordCredentialData().getHashIterations() + ",\"counter\":0,\"algorithm\":\""
                    + model.getPasswordCredentialData().getAlgorithm() + "\",\"digits\":0,\"period\":0,\"createdDate\":1500000000000,\"config\":{}}";
                out("keycloak", source, "in the form of exports before version 8", password, flat);
            }
        }
    }

    static void shiro(String password) {
        for (String algorithm : new String[] {"SHA-512", "SHA-256"}) {
            for (int rounds : new int[] {1, 1024}) {
                SimpleHash hash = new SimpleHash(algorithm, password, random(16), rounds);
                out("shiro1-" + algorithm.replace("-", "").toLowerCase(), "Apache Shiro 1.13.0",
                    "SimpleHash(\"" + algorithm + "\", password, salt, " + rounds + "), Shiro1CryptFormat", password, new Shiro1CryptFormat().format(hash));
            }
        }
    }

    static void tomcat(String password) throws Exception {
        String source = "Apache Tomcat 10.1.24";
        for (String algorithm : new String[] {"MD5", "SHA-1", "SHA-256", "SHA-512"}) {
            for (int rounds : new int[] {1, 1000}) {
                MessageDigestCredentialHandler handler = new MessageDigestCredentialHandler();
                handler.setAlgorithm(algorithm);
                handler.setEncoding("UTF-8");
                handler.setSaltLength(16);
                handler.setIterations(rounds);
                out("tomcat-" + algorithm.replace("-", "").toLowerCase(), source,
                    "MessageDigestCredentialHandler, " + rounds + " iterations, 16 bytes of salt", password, handler.mutate(password));
            }
        }
        SecretKeyCredentialHandler handler = new SecretKeyCredentialHandler();
        handler.setIterations(2000);
        out("tomcat-pbkdf2", source, "SecretKeyCredentialHandler, 2000 iterations", password, handler.mutate(password));
    }

    static void liferay(String password) throws Exception {
        String[][] forms = {{"SHA1", "160", "", "2000"}, {"SHA1", "160", "{PBKDF2WithHmacSHA1}", "2000"},
            {"SHA1", "160", "{PBKDF2WithHmacSHA1/160/1300000}", "2000"}, {"SHA256", "256", "{PBKDF2WithHmacSHA256/256/5000}", "5000"}};
        for (String[] form : forms) {
            byte[] salt = random(8);
            int bits = Integer.parseInt(form[1]), rounds = Integer.parseInt(form[3]);
            byte[] key = SecretKeyFactory.getInstance("PBKDF2WithHmac" + form[0])
                .generateSecret(new PBEKeySpec(password.toCharArray(), salt, rounds, bits)).getEncoded();
            ByteBuffer buffer = ByteBuffer.allocate(8 + salt.length + key.length);
            buffer.putInt(bits).putInt(rounds).put(salt).put(key);
            out("liferay-pbkdf2", "Java " + System.getProperty("java.version") + "'s PBKDF2, laid out as Liferay does",
                "PBKDF2WithHmac" + form[0] + ", " + rounds + " rounds", password, form[2] + Base64.getEncoder().encodeToString(buffer.array()));
        }
    }

    static void sonarqube(String password) throws Exception {
        byte[] salt = random(20);
        byte[] key = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512")
            .generateSecret(new PBEKeySpec(password.toCharArray(), salt, 5000, 512)).getEncoded();
        out("sonarqube " + Base64.getEncoder().encodeToString(salt), "Java " + System.getProperty("java.version") + "'s PBKDF2, as SonarQube's documented formula",
            "PBKDF2WithHmacSHA512, 5000 rounds", password, "5000$" + Base64.getEncoder().encodeToString(key));
    }

    public static void main(String[] arguments) throws Exception {
        Scanner lines = new Scanner(System.in, "UTF-8");
        while (lines.hasNextLine()) {
            String password = new String(Base64.getDecoder().decode(lines.nextLine()), StandardCharsets.UTF_8);
            keycloak(password);
            shiro(password);
            tomcat(password);
            liferay(password);
            sonarqube(password);
        }
    }
}
