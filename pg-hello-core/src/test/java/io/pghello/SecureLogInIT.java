// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the errors about certificates, about channel binding, and about logins that pg_hba.conf
 * rejects.
 */
@Tag("slow")
@Timeout(180)
class SecureLogInIT {
  private static final String HOST = "san=dns:localhost";

  private static ExtensionServer server;
  private static ExtensionServer late;
  private static String rightUrl;
  private static String expiredUrl;

  @BeforeAll
  static void startServers(@TempDir Path folder) throws Exception {
    server = ExtensionServer.start("pg_hello");
    late = ExtensionServer.start("pg_hello");
    rightUrl = url(server, Files.createDirectory(folder.resolve("right")), "-ext", HOST);
    expiredUrl =
        url(
            late,
            Files.createDirectory(folder.resolve("expired")),
            "-ext",
            HOST,
            "-startdate",
            "-10d",
            "-validity",
            "5");
  }

  /** Installs a certificate in a server, and returns a URL that trusts the certificate. */
  private static String url(ExtensionServer server, Path folder, String... options)
      throws Exception {
    Path authority = folder.resolve("authority.pem");
    // the database is dropped with the server
    TestDatabase database = server.createDatabase();
    DataSource superuser = database.superuserDataSource();
    ServerCertificate certificate = ServerCertificate.signed(folder, options);
    Files.writeString(authority, certificate.authority());
    certificate.install(superuser);
    execute(
        superuser,
        "SET password_encryption = 'scram-sha-256'; CREATE ROLE bound LOGIN PASSWORD 'secret';"
            + " CREATE ROLE refused LOGIN PASSWORD 'secret'");
    ServerCertificate.write(
        superuser, "host all bound all scram-sha-256\nhost all refused all reject", "first.conf");
    execute(
        superuser,
        "COPY (SELECT) TO PROGRAM 'cat first.conf pg_hba.conf > both.conf && mv both.conf"
            + " pg_hba.conf'");
    server.stop();
    server.startAgain();
    return "jdbc:postgresql://localhost:"
        + server.port()
        + "/"
        + database.name()
        + "?user=bound&password=secret&sslmode=verify-full&sslrootcert="
        + authority;
  }

  @AfterAll
  static void stopServers() {
    server.close();
    late.close();
  }

  @Test
  void trustsTheCertificateOfTheHost() {
    assertGreets(rightUrl);
  }

  @Test
  void reportsACertificateOfAnotherHost() {
    assertThat(refuses(rightUrl.replace("//localhost", "//127.0.0.1")))
        .hasMessageContaining("127.0.0.1")
        .hasMessageContaining("verif");
  }

  @Test
  void reportsAnExpiredCertificate() {
    assertThat(refuses(expiredUrl)).hasMessageContaining("SSL error");
    // with less strict checks, the same server is accepted
    assertGreets(expiredUrl.replace("verify-full", "require").replaceAll("&sslrootcert=.*", ""));
  }

  @Test
  void reportsAnUntrustedCertificate() {
    String other = expiredUrl.replaceAll(".*&sslrootcert=", "");
    assertThat(refuses(rightUrl.replaceAll("(&sslrootcert=).*", "$1" + other)))
        .hasMessageContaining("SSL error");
  }

  /** A pool of the program retries until the pool's own timeout expires. */
  @Test
  void reportsARejectedCertificateWithAnApplicationPool() {
    var config = new HikariConfig();
    config.setJdbcUrl(expiredUrl);
    config.setConnectionTimeout(3_000);
    config.setInitializationFailTimeout(-1);
    try (var pool = new HikariDataSource(config);
        PgHelloClient client =
            PgHelloClient.builder().dataSource(pool).callTimeout(Duration.ofMinutes(1)).build()) {
      FunctionCallException e;
      do {
        e = catchThrowableOfType(FunctionCallException.class, () -> client.hello("Ada"));
        // if the pool timed out before its attempt failed, its error has no cause
      } while (e.code() == Code.CONNECTION_UNAVAILABLE
          && e.getCause() != null
          && e.getCause().getCause() == null);
      assertThat(e.code()).isEqualTo(Code.LOGIN_FAILED);
      assertThat(e).hasMessageStartingWith("The server's certificate was rejected: ");
    }
  }

  /** Returns the error of a rejected login, which cannot be retried. */
  private static FunctionCallException refuses(String url) {
    FunctionCallException e = fails(Code.LOGIN_FAILED, url);
    assertThat(e.code().isRetryable()).isFalse();
    assertThat(e).hasMessageStartingWith("The server's certificate was rejected: ");
    assertThat(e.remedy()).contains("the host that", "sslrootcert", "sslmode");
    return e;
  }

  @Test
  void bindsTheChannel() {
    assertGreets(rightUrl + "&channelBinding=require");
  }

  @Test
  void reportsUnavailableChannelBinding() {
    String plain = rightUrl.replace("verify-full", "disable") + "&channelBinding=";
    assertGreets(plain + "prefer");
    assertThat(fails(Code.LOGIN_FAILED, plain + "require")).hasMessageContaining("hannel");
  }

  @Test
  void reportsARejectionByPgHba() {
    FunctionCallException e =
        fails(Code.LOGIN_FAILED, rightUrl.replace("user=bound", "user=refused"));
    assertThat(e.sqlState()).hasValue("28000");
    assertThat(e)
        .hasMessageContaining("pg_hba.conf rejects connection for host")
        .hasMessageContaining("grant access on the server (pg_hba.conf");
  }

  private static void assertGreets(String url) {
    try (PgHelloClient client = client(url)) {
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  private static FunctionCallException fails(Code code, String url) {
    try (PgHelloClient client = client(url)) {
      FunctionCallException e = assertFails(code, () -> client.hello("Ada"));
      assertThat(e).hasMessageNotContaining("secret");
      return e;
    }
  }

  private static PgHelloClient client(String url) {
    return PgHelloClient.builder().url(url).callTimeout(Duration.ofMinutes(1)).build();
  }
}
