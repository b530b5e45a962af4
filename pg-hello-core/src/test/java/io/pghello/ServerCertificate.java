// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.sql.DataSource;

/**
 * A certificate of a server.
 *
 * @param certificate the certificate in PEM format; the key has the same format
 * @param authority the certificate of the authority that has signed it
 */
record ServerCertificate(String certificate, String key, String authority) {
  private static final String PASSWORD = "changeit";

  /** Creates a key, and a certificate signed with this key. */
  static ServerCertificate selfSigned(Path folder) throws Exception {
    keytool(folder, "-genkeypair", "server", "-keyalg", "EC", "-dname", "CN=localhost");
    KeyStore keys = keys(folder);
    return new ServerCertificate(
        certificate(keys, "server"), key(keys), certificate(keys, "server"));
  }

  /**
   * Creates an authority, and a certificate that it has signed. Java checks the dates of such a
   * certificate, but not of a certificate that is itself trusted.
   *
   * @param folder the directory for temporary files
   * @param options options of keytool, such as the name and the dates
   */
  static ServerCertificate signed(Path folder, String... options) throws Exception {
    String request = folder.resolve("request").toString();
    Path certificate = folder.resolve("certificate");
    keytool(folder, "-genkeypair", "authority", "-keyalg", "EC", "-dname", "CN=a", "-ext", "bc:c");
    keytool(folder, "-genkeypair", "server", "-keyalg", "EC", "-dname", "CN=localhost");
    keytool(folder, "-certreq", "server", "-file", request);
    var sign = new ArrayList<>(List.of("-rfc", "-infile", request));
    sign.addAll(List.of("-outfile", certificate.toString()));
    sign.addAll(List.of(options));
    keytool(folder, "-gencert", "authority", sign.toArray(new String[0]));
    KeyStore keys = keys(folder);
    return new ServerCertificate(
        Files.readString(certificate).replace("\r", ""), key(keys), certificate(keys, "authority"));
  }

  private static void keytool(Path folder, String command, String alias, String... options)
      throws Exception {
    var arguments = new ArrayList<String>();
    arguments.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    arguments.addAll(List.of(command, "-alias", alias, "-storetype", "PKCS12"));
    arguments.addAll(List.of("-keystore", store(folder).toString(), "-storepass", PASSWORD));
    arguments.addAll(List.of(options));
    assertThat(new ProcessBuilder(arguments).inheritIO().start().waitFor()).isZero();
  }

  private static Path store(Path folder) {
    return folder.resolve("keys.p12");
  }

  private static KeyStore keys(Path folder) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store(folder))) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private static String certificate(KeyStore keys, String alias) throws Exception {
    return pem("CERTIFICATE", keys.getCertificate(alias).getEncoded());
  }

  private static String key(KeyStore keys) throws Exception {
    return pem("PRIVATE KEY", keys.getKey("server", PASSWORD.toCharArray()).getEncoded());
  }

  private static String pem(String what, byte[] bytes) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return "-----BEGIN " + what + "-----\n" + base64 + "\n-----END " + what + "-----\n";
  }

  /**
   * Writes the certificate and the key to the server's data directory, and enables TLS. Takes
   * effect when the server is started or reloads its configuration.
   */
  void install(DataSource superuser) throws SQLException {
    write(superuser, certificate, "server.crt");
    write(superuser, key, "server.key");
    execute(superuser, "ALTER SYSTEM SET ssl = on");
  }

  /** Writes a file as the server's user, because no other user may be able to read a key. */
  static void write(DataSource superuser, String text, String file) throws SQLException {
    execute(
        superuser,
        "COPY (SELECT unnest(string_to_array('"
            + text.strip()
            + "', E'\\n'))) TO PROGRAM 'umask 077 && cat > "
            + file
            + "'");
  }
}
