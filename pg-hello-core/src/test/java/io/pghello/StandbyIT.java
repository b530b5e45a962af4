// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.await;
import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests a URL with a primary and its standby, without a proxy that monitors them. */
@Tag("slow")
@Timeout(120)
class StandbyIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final ExtensionServer primary = ExtensionServer.start("pg_hello");
  private final ExtensionServer standby = ExtensionServer.start("pg_hello");
  private final TestDatabase database = primary.createEmptyDatabase();

  @BeforeEach
  void replicate() throws Exception {
    primary.stop();
    standby.stop();
    clear(data(standby));
    copy(data(primary), data(standby));
    Files.createFile(data(standby).resolve("standby.signal"));
    Files.writeString(
        data(primary).resolve("pg_hba.conf"),
        "host replication postgres 127.0.0.1/32 md5\n",
        StandardOpenOption.APPEND);
    primary.startAgain();
    standby.startAgain();
  }

  @AfterEach
  void close() {
    standby.close();
    primary.close();
  }

  /** The standby is promoted only manually. */
  @Test
  void callsWaitUntilTheStandbyIsPromoted() throws Exception {
    execute(database.superuserDataSource(), "CREATE EXTENSION pg_hello");
    DataSource superuser = onStandby(database.superuserDataSource());
    follow(superuser, "0");
    await("the extension is there", () -> isCreated(superuser));
    try (PgHelloClient client = client("primary")) {
      Load load = Load.start(client, 256, 1792);
      load.awaitAnswers(5_000);
      primary.kill();
      // a manual promotion takes at least this long
      Thread.sleep(2_000);
      execute(superuser, "SELECT pg_promote()");
      load.awaitAnswers(5_000);
      load.stop().assertOnly(PATIENCE);
      Load.burst(client, 256);
    }
  }

  /** A lagging replica does not have the newly created extension yet. */
  @Test
  void readsFromAReplicaThatLagsAndFromThePrimaryWithoutIt() throws Exception {
    DataSource superuser = onStandby(database.superuserDataSource());
    follow(superuser, "1h");
    try (PgHelloClient client = client("preferSecondary")) {
      execute(database.superuserDataSource(), "CREATE EXTENSION pg_hello");
      assertFails(Code.NOT_CREATED, () -> client.hello("Ada"));
      follow(superuser, "0");
      await("the replica has it", () -> isCreated(superuser));
      Load load = Load.start(client, 64, 64);
      load.awaitAnswers(1_000);
      assertThat(ask(superuser, sessions())).isNotEqualTo("0");
      // the driver checks from time to time whether the primary is still the primary
      await(
          "the primary has no session",
          () -> ask(database.superuserDataSource(), sessions()).equals("0"));
      standby.kill();
      load.awaitAnswers(1_000);
      assertThat(ask(database.superuserDataSource(), sessions())).isNotEqualTo("0");
      load.stop().assertOnly(PATIENCE);
    }
  }

  private static String sessions() {
    return "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg-hello'";
  }

  private PgHelloClient client(String target) throws SQLException {
    PGSimpleDataSource user = database.dataSource().unwrap(PGSimpleDataSource.class);
    return PgHelloClient.builder()
        .url(
            "jdbc:postgresql://127.0.0.1:%d,127.0.0.1:%d/%s?targetServerType=%s"
                .formatted(primary.port(), standby.port(), database.name(), target))
        .user(Objects.requireNonNull(user.getUser()))
        .password(primary.password())
        .callTimeout(PATIENCE)
        .pool(pool -> pool.setConnectionTimeout(PATIENCE.toMillis()))
        .build();
  }

  private DataSource onStandby(DataSource dataSource) throws SQLException {
    PGSimpleDataSource other = dataSource.unwrap(PGSimpleDataSource.class);
    other.setPortNumbers(new int[] {standby.port()});
    return other;
  }

  /** Makes the standby follow the primary with a delay. */
  private void follow(DataSource superuser, String delay) throws SQLException {
    execute(superuser, "ALTER SYSTEM SET recovery_min_apply_delay = '" + delay + "'");
    execute(
        superuser,
        "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=%d user=postgres password=%s'"
            .formatted(primary.port(), primary.password()));
    execute(superuser, "SELECT pg_reload_conf()");
    await(
        "it follows",
        () -> ask(superuser, "SELECT count(*) FROM pg_stat_wal_receiver").equals("1"));
  }

  private static boolean isCreated(DataSource superuser) throws SQLException {
    return ask(superuser, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_hello'")
        .equals("1");
  }

  private static Path data(ExtensionServer server) {
    return Objects.requireNonNull(server.logFile().getParent()).resolve("data");
  }

  private static void clear(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted((one, other) -> other.compareTo(one)).toList()) {
        if (!file.equals(folder)) {
          Files.delete(file);
        }
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(each -> !each.equals(from)).toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }
}
