// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.plugin;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates and keys given as text, with a server that has TLS enabled. */
class TlsIT {
  private static final char[] PASSWORD = "changeit".toCharArray();

  private static ExtensionServer server;
  private static TestDatabase database;
  private static Pair serverPair;
  private static Pair otherPair;
  private static Pair rsa;
  private static Pair ec;

  private final PostgresPlugin plugin = plugin(Permissions.all());

  /** A self-signed certificate and its key. */
  private record Pair(String cert, String key) {
    static Pair create(Path folder, String name, String algorithm) throws Exception {
      Path store = folder.resolve(name + algorithm + ".p12");
      Process keytool =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                  "-genkeypair",
                  "-alias",
                  "a",
                  "-keyalg",
                  algorithm,
                  "-dname",
                  "CN=" + name + ",OU=" + algorithm,
                  "-ext",
                  "san=dns:" + name,
                  "-validity",
                  "2",
                  "-storetype",
                  "PKCS12",
                  "-keystore",
                  store.toString(),
                  "-storepass",
                  new String(PASSWORD))
              .inheritIO()
              .start();
      assertThat(keytool.waitFor()).isZero();
      KeyStore known = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(store)) {
        known.load(in, PASSWORD);
      }
      return new Pair(
          pem("CERTIFICATE", known.getCertificate("a").getEncoded()),
          pem("PRIVATE KEY", known.getKey("a", PASSWORD).getEncoded()));
    }
  }

  private static String pem(String what, byte[] bytes) {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n";
  }

  @BeforeAll
  static void startServer(@TempDir Path folder) throws Exception {
    serverPair = Pair.create(folder, "localhost", "RSA");
    otherPair = Pair.create(folder, "other", "RSA");
    rsa = Pair.create(folder, "certuser", "RSA");
    ec = Pair.create(folder, "certuser", "EC");
    server = ExtensionServer.start("pg_hello");
    database = server.createDatabase();
    String hba =
        """
        hostssl all certuser all cert
        hostssl all sslonly all scram-sha-256
        hostnossl all sslonly all reject
        """;
    Plugins.run(
        database.superuserDataSource(),
        write(serverPair.cert(), "server.crt"),
        write(serverPair.key(), "server.key"),
        write(rsa.cert() + ec.cert(), "clients.crt"),
        write(hba, "first.conf"),
        "copy (select) to program 'cat first.conf pg_hba.conf > both.conf && mv both.conf pg_hba.conf'",
        "create role certuser login",
        "create role sslonly login password 'pw'",
        "alter system set ssl_cert_file = 'server.crt'",
        "alter system set ssl_key_file = 'server.key'",
        "alter system set ssl_ca_file = 'clients.crt'",
        "alter system set ssl = on",
        "select pg_reload_conf()");
    ObjectNode config = config("app", serverPair.cert());
    config.put("password", server.password());
    try (PostgresPlugin plugin = plugin(Permissions.all())) {
      Waits.until(() -> plugin.execute("wait", config, "ping", null).get("success").booleanValue());
    }
  }

  /** The server requires that it owns these files, and that only its user can read the key. */
  private static String write(String text, String file) {
    return "copy (select unnest(string_to_array('"
        + text.strip()
        + "', e'\\n'))) to program"
        + " 'umask 077 && cat > "
        + file
        + "'";
  }

  @AfterAll
  static void stopServer() {
    database.close();
    server.close();
  }

  private static ObjectNode config(String user, @Nullable String ca) {
    ObjectNode config =
        Plugins.JSON
            .createObjectNode()
            .put("host", "localhost")
            .put("port", server.port())
            .put("database", database.name())
            .put("user", user)
            .put("connectionTimeoutMillis", 20_000);
    if (user.equals("sslonly")) {
      config.put("password", "pw");
    }
    if (ca != null) {
      config.putObject("ssl").put("rejectUnauthorized", true).put("ca", ca);
    }
    return config;
  }

  private JsonNode run(ObjectNode config) {
    ObjectNode answer =
        plugin.execute(
            Plugins.ID,
            config,
            "queryValue",
            Plugins.sql("select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
    plugin.close();
    return answer.get("success").booleanValue() ? answer.get("data") : answer.get("error");
  }

  @Test
  void trustsGivenCertificate() {
    assertThat(run(config("sslonly", serverPair.cert()))).hasToString("true");
  }

  @Test
  void trustsNoOtherCertificate() {
    JsonNode error = run(config("sslonly", otherPair.cert()));
    assertThat(error.get("code").textValue()).isEqualTo("POSTGRES_CONNECTION_FAILED");
    assertThat(error.at("/details/reason").textValue()).isEqualTo("tls");
    assertThat(error.at("/details/remedy").textValue()).contains("ssl.ca");
  }

  @Test
  void trustsNoCertificateUnknownToTheJdk() {
    ObjectNode config = config("sslonly", null).put("ssl", true);
    assertThat(run(config).at("/details/reason").textValue()).isEqualTo("tls");
  }

  @Test
  void verifiesHostName() {
    ObjectNode config = config("sslonly", serverPair.cert()).put("host", "127.0.0.1");
    JsonNode error = run(config.deepCopy());
    assertThat(error.get("code").textValue()).isEqualTo("POSTGRES_CONNECTION_FAILED");
    assertThat(error.at("/details/remedy").textValue()).contains("the name in host");
  }

  @Test
  void verifiesOnlyCaIfConfigured() {
    ObjectNode config = config("sslonly", serverPair.cert()).put("host", "127.0.0.1");
    ((ObjectNode) config.get("ssl")).put("verify", "ca");
    assertThat(run(config)).hasToString("true");
  }

  @Test
  void reportsThatTlsIsRequired() {
    JsonNode error = run(config("sslonly", null).put("ssl", false));
    assertThat(error.get("code").textValue()).isEqualTo("POSTGRES_SSL_REQUIRED");
    assertThat(error.at("/details/remedy").textValue()).contains("Configure ssl");
  }

  @Test
  void reportsThatTlsIsNotOffered() {
    try (ExtensionServer plain = ExtensionServer.start("pg_hello")) {
      JsonNode error = run(config("app", serverPair.cert()).put("port", plain.port()));
      assertThat(error.get("code").textValue()).isEqualTo("POSTGRES_CONNECTION_FAILED");
      assertThat(error.at("/details/reason").textValue()).isEqualTo("sslNotOffered");
    }
  }

  @Test
  void logsInByCertificate() {
    for (Pair pair : new Pair[] {rsa, ec}) {
      ObjectNode config = config("certuser", serverPair.cert());
      ((ObjectNode) config.get("ssl")).put("cert", pair.cert()).put("key", pair.key());
      try (PostgresPlugin one = plugin(Permissions.all())) {
        ObjectNode answer = one.execute(Plugins.ID, config, "ping", null);
        assertThat(answer.get("success").booleanValue()).as(answer.toString()).isTrue();
      }
    }
    assertThat(run(config("certuser", serverPair.cert())).get("code").textValue())
        .isEqualTo("POSTGRES_AUTH_FAILED");
  }

  @Test
  void reportsInvalidKeys() {
    String wrong = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----";
    expectKey(wrong, "ssl.key is in an OpenSSL-specific format.", "openssl pkcs8 -topk8 -nocrypt");
    expectKey(wrong.replace("RSA", "EC"), "ssl.key is in an OpenSSL-specific format.", "pkcs8");
    expectKey(
        wrong.replace("RSA", "ENCRYPTED"), "ssl.key is encrypted.", "Decrypt it: openssl pkcs8");
    expectKey("/etc/key.pem", "ssl.key is not a PEM key.", "not to its path");
    expectKey(
        "-----BEGIN PRIVATE KEY-----END PRIVATE KEY-----",
        "ssl.key is not a PEM key.",
        "not to its path");
    expectKey(
        ec.key(), "ssl.key does not match ssl.cert, which has a key of type RSA.", "matching pair");
    expectKey(
        pem("PRIVATE KEY", "x".getBytes(StandardCharsets.UTF_8)),
        "ssl.key does not match ssl.cert",
        "matching");
  }

  private void expectKey(String key, String message, String remedy) {
    ObjectNode config = config("certuser", serverPair.cert());
    ((ObjectNode) config.get("ssl")).put("cert", rsa.cert()).put("key", key);
    JsonNode error = plugin.execute(Plugins.ID, config, "ping", null).get("error");
    assertThat(error.get("code").textValue()).isEqualTo("POSTGRES_BAD_CONFIG");
    assertThat(error.get("message").textValue()).startsWith(message);
    assertThat(error.at("/details/remedy").textValue()).contains(remedy);
  }
}
