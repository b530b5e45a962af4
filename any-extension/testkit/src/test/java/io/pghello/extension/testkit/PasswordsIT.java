// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.internal.database.ServerDatabase;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks the passwords of servers, and that other users of the machine cannot obtain one. */
class PasswordsIT {
  /** A program that has taken over a server's port and requests passwords in clear text. */
  private static final class Stranger implements AutoCloseable {
    private static final int SSL_REQUEST = 80877103;
    private static final int SUCCESS_SIZE = 8;
    private static final int CLEAR_TEXT = 3;

    private final ServerSocket socket;

    Stranger(int port) throws IOException {
      socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /**
     * Returns the next client's response to a password request; empty if the client disconnects.
     */
    CompletableFuture<String> listen() {
      return CompletableFuture.supplyAsync(
          () -> {
            try (Socket client = socket.accept();
                var in = new DataInputStream(client.getInputStream());
                var out = new DataOutputStream(client.getOutputStream())) {
              int length = in.readInt();
              int code = in.readInt();
              if (code == SSL_REQUEST) {
                out.writeByte('N');
                length = in.readInt();
                code = in.readInt();
              }
              in.skipNBytes(length - SUCCESS_SIZE);
              out.writeByte('R');
              out.writeInt(SUCCESS_SIZE);
              out.writeInt(CLEAR_TEXT);
              out.flush();
              return in.read() == 'p'
                  ? new String(in.readNBytes(in.readInt() - 4), StandardCharsets.UTF_8)
                  : "";
            } catch (IOException e) {
              return "";
            }
          });
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Test
  void sendsNoPasswordToAStrangerOnAServersPort() throws Exception {
    ExtensionServer server = ExtensionServer.builder().extension("cube").start();
    var database = (ServerDatabase) server.createDatabase();
    String password = server.password();
    server.close();
    try (var stranger = new Stranger(server.port());
        WireProxy proxy = WireProxy.to(server.port())) {
      List<Callable<Connection>> all =
          List.of(
              database.dataSource()::getConnection,
              database.superuserDataSource()::getConnection,
              database.dataSource(proxy, false)::getConnection,
              database.dataSource(proxy, true)::getConnection,
              () -> DriverManager.getConnection(database.jdbcUrl()),
              () -> DriverManager.getConnection(database.superuserJdbcUrl()));
      var sent = new ArrayList<String>();
      for (Callable<Connection> each : all) {
        CompletableFuture<String> heard = stranger.listen();
        assertThatThrownBy(each::call)
            .isInstanceOf(SQLException.class)
            .hasMessageNotContaining(password);
        sent.add(heard.join());
      }
      assertThat(sent).containsOnly("").hasSize(all.size());
      // a client without requireAuth does send its password
      CompletableFuture<String> heard = stranger.listen();
      String open = database.jdbcUrl().replaceFirst("&requireAuth=.*", "");
      assertThatThrownBy(() -> DriverManager.getConnection(open)).isInstanceOf(SQLException.class);
      assertThat(heard.join()).startsWith(password);
    }
  }

  @Test
  void hidesThePasswordInToString() {
    try (ExtensionServer server = ExtensionServer.builder().extension("cube").start();
        TestDatabase database = server.createDatabase()) {
      assertThat(database)
          .hasToString("jdbc:postgresql://127.0.0.1:" + server.port() + "/" + database.name());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"app", "postgres"})
  void differBetweenServers(String user) throws SQLException {
    try (ExtensionServer one = ExtensionServer.builder().extension("cube").start();
        ExtensionServer other = ExtensionServer.builder().extension("cube").start()) {
      assertThat(one.password()).isNotEqualTo(other.password()).matches("[0-9a-f]{32}");
      for (String wrong : List.of(other.password(), "", "wrong")) {
        String url = "jdbc:postgresql://127.0.0.1:" + one.port() + "/postgres";
        assertThatThrownBy(() -> DriverManager.getConnection(url, user, wrong).close())
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isIn("28P01", "08004"));
      }
      // the role keeps its password after a restart
      one.stop();
      one.startAgain();
      try (TestDatabase database = one.createDatabase()) {
        assertThat(ask(database.dataSource(), "SELECT 1")).isEqualTo("1");
      }
    }
  }

  @Test
  void areScramVerifiersWithOneIteration() throws SQLException {
    try (ExtensionServer server = ExtensionServer.builder().extension("cube").start();
        TestDatabase database = server.createDatabase();
        Connection superuser = database.superuserDataSource().getConnection();
        Connection owner = database.dataSource().getConnection()) {
      assertThat(
              ask(
                  superuser,
                  "SELECT string_agg(DISTINCT split_part(rolpassword, ':', 1), ' ')"
                      + " FROM pg_authid WHERE rolcanlogin"))
          .isEqualTo("SCRAM-SHA-256$1");
      // servers warn about logins with md5
      assertThat((Object) owner.getWarnings()).isNull();
      // roles that tests create can have any kind of password
      try (Statement statement = superuser.createStatement()) {
        statement.execute(
            "SET password_encryption = md5; CREATE ROLE old_kind LOGIN PASSWORD 'secret'");
      }
      String url = "jdbc:postgresql://127.0.0.1:" + server.port() + "/" + database.name();
      try (Connection other = DriverManager.getConnection(url, "old_kind", "secret")) {
        assertThat(ask(other, "SELECT current_user")).isEqualTo("old_kind");
      }
    }
  }

  /**
   * The test uses a new template, because a template in the cache may be from an earlier version.
   */
  @Test
  void areRequiredAndReadableOnlyByTheUser(@TempDir Path folder) throws Exception {
    Stage.of(folder, "acme", "COMMENT ON EXTENSION acme IS '" + System.nanoTime() + "';");
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension(NativeExtension.fromInstall(folder))
                .setting("log_statement", "all")
                .start();
        TestDatabase database = server.createDatabase()) {
      assertThat(
              ask(
                  database.superuserDataSource(),
                  "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules"))
          .isEqualTo("md5");
      Path data = server.logFile().resolveSibling("data");
      Path file = data.resolve("pg-hello-password");
      assertThat(Files.readString(file)).isEqualTo(server.password());
      for (Path each : List.of(data, Path.of(data + "/.."))) {
        assertThat(permissions(each)).isEqualTo("rwx------");
      }
      assertThat(permissions(file)).isEqualTo("rw-------");
      assertThat(Files.readString(server.logFile()))
          .contains("ALTER ROLE")
          .doesNotContain(server.password());
    }
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
