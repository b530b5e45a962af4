// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Error messages about a server's certificate, with a server that only completes the TLS handshake.
 */
@Timeout(60)
class CertificateTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir private Path folder;

  /** The driver's message is in the user's language. */
  @ParameterizedTest
  @ValueSource(strings = {"en", "zh -Duser.country=CN"})
  void explainsHostNameMismatch(String language) throws Exception {
    KeyStore keys = keys();
    Path certificate = folder.resolve("server.pem");
    String base64 = Base64.getMimeEncoder().encodeToString(keys.getCertificate("a").getEncoded());
    Files.writeString(
        certificate, "-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n");
    try (var server =
        new ServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
      SSLContext context = context(keys);
      var thread = new Thread(() -> show(context, server), "certificate");
      thread.setDaemon(true);
      thread.start();
      Run run =
          Run.pghello(
              Map.of(
                  "PGHOST",
                  "127.0.0.1",
                  "PGPORT",
                  String.valueOf(server.getLocalPort()),
                  "PGSSLMODE",
                  "verify-full",
                  "PGSSLROOTCERT",
                  certificate.toString(),
                  "JAVA_TOOL_OPTIONS",
                  "-Duser.language=" + language),
              "health");
      assertThat(run.status()).as(run.err()).isEqualTo(2);
      assertThat(run.out()).contains("SQLSTATE 08006", "set PGSSLMODE to the required encryption");
    }
  }

  /** A key, and a certificate of another host signed with it. */
  private KeyStore keys() throws Exception {
    Path file = folder.resolve("keys.p12");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-alias",
            "a",
            "-keyalg",
            "EC",
            "-dname",
            "CN=elsewhere",
            "-storetype",
            "PKCS12",
            "-keystore",
            file.toString(),
            "-storepass",
            String.valueOf(PASSWORD));
    Run made = Run.start(Map.of(), command).end();
    assertThat(made.status()).as(made.out()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, PASSWORD);
    }
    return keys;
  }

  private static SSLContext context(KeyStore keys) throws Exception {
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  private static void show(SSLContext context, ServerSocket server) {
    try (Socket client = server.accept()) {
      // The request for TLS, and the confirmation.
      client.getInputStream().readNBytes(8);
      client.getOutputStream().write('S');
      try (var tls =
          (SSLSocket)
              context
                  .getSocketFactory()
                  .createSocket(client, "127.0.0.1", client.getPort(), /* autoClose= */ true)) {
        tls.setUseClientMode(false);
        tls.getInputStream().transferTo(OutputStream.nullOutputStream());
      }
    } catch (IOException e) {
      // The program exits and closes its connection.
    }
  }
}
