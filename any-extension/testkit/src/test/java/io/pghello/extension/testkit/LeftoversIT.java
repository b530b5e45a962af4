// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.postgresql.PGConnection;

/** Objects left by tests that prevent a database from being dropped. */
@Isolated("listens to the log")
class LeftoversIT {
  private static final int LIMIT_SECONDS = 60;
  private static final Logger LOGGER = Logger.getLogger("io.pghello.extension.testkit");
  private static final List<String> WARNINGS = new CopyOnWriteArrayList<>();

  private static final Handler HANDLER =
      new Handler() {
        @Override
        public void publish(LogRecord message) {
          if (message.getLevel().equals(Level.WARNING)) {
            WARNINGS.add(message.getMessage());
          }
        }

        @Override
        public void flush() {
          // nothing to flush
        }

        @Override
        public void close() {
          // nothing to close
        }
      };

  @BeforeAll
  static void listen() {
    LOGGER.addHandler(HANDLER);
  }

  @AfterAll
  static void stopListening() {
    LOGGER.removeHandler(HANDLER);
  }

  private static ExtensionServer server() {
    return ExtensionServer.builder()
        .setting("wal_level", "logical")
        .setting("max_prepared_transactions", "2")
        .start();
  }

  private static void execute(DataSource dataSource, String... statements) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  private static void awaitAnswer(TestDatabase of, String query, String answer) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    String last = "";
    while (System.nanoTime() < end && !answer.equals(last)) {
      last = ask(of.superuserDataSource(), query);
      Thread.sleep(10);
    }
    assertThat(last).as(query).isEqualTo(answer);
  }

  private static String count(String name) {
    return "SELECT count(*) FROM pg_database WHERE datname = '" + name + "'";
  }

  @Test
  void dropsPreparedTransactionsSoThatLaterTestsCanPrepare() throws Exception {
    try (ExtensionServer server = server();
        TestDatabase other = server.createDatabase()) {
      for (int i = 0; i < 3; i++) {
        TestDatabase database = server.createDatabase();
        for (String id : List.of("it's " + i, "another " + i)) {
          execute(
              database.dataSource(),
              "BEGIN",
              "CREATE TABLE \"" + id + "\" ()",
              "PREPARE TRANSACTION '" + id.replace("'", "''") + "'");
        }
        database.close();
        awaitAnswer(other, count(database.name()), "0");
        awaitAnswer(other, "SELECT count(*) FROM pg_prepared_xacts", "0");
      }
    }
  }

  @Test
  void dropsSubscriptionsAndSlots() throws Exception {
    try (ExtensionServer server = server();
        TestDatabase other = server.createDatabase()) {
      TestDatabase publisher = server.createDatabase();
      TestDatabase subscriber = server.createDatabase();
      execute(
          publisher.superuserDataSource(),
          "CREATE TABLE t (i int)",
          "CREATE PUBLICATION p FOR TABLE t",
          "SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
          "SELECT pg_create_logical_replication_slot('unused', 'pgoutput')");
      execute(
          subscriber.superuserDataSource(),
          "CREATE TABLE t (i int)",
          "CREATE SUBSCRIPTION \"of mine\" CONNECTION 'host=127.0.0.1 port="
              + server.port()
              + " user=postgres dbname="
              + publisher.name()
              + " password="
              + server.password()
              + "' PUBLICATION p WITH (create_slot = false, slot_name = s)");
      awaitAnswer(other, "SELECT active FROM pg_replication_slots WHERE slot_name = 's'", "t");
      subscriber.close();
      publisher.close();
      awaitAnswer(other, count(subscriber.name()), "0");
      // when the testkit creates the next database, it tries again to drop earlier ones
      server.createDatabase().close();
      awaitAnswer(other, count(publisher.name()), "0");
      assertThat(
              ask(
                  other.superuserDataSource(),
                  "SELECT (SELECT count(*) FROM pg_subscription)"
                      + " + (SELECT count(*) FROM pg_replication_slots)"))
          .isEqualTo("0");
    }
  }

  @Test
  void dropsADatabaseWithAnActiveSlot() throws Exception {
    try (ExtensionServer server = server();
        TestDatabase other = server.createDatabase()) {
      TestDatabase database = server.createDatabase();
      execute(
          database.superuserDataSource(),
          "SELECT pg_create_logical_replication_slot('s', 'test_decoding')");
      var properties = new Properties();
      properties.setProperty("replication", "database");
      properties.setProperty("preferQueryMode", "simple");
      properties.setProperty("assumeMinServerVersion", "10");
      try (Connection connection =
          DriverManager.getConnection(database.superuserJdbcUrl(), properties)) {
        connection
            .unwrap(PGConnection.class)
            .getReplicationAPI()
            .replicationStream()
            .logical()
            .withSlotName("s")
            .start();
        awaitAnswer(other, "SELECT active FROM pg_replication_slots", "t");
        database.close();
        awaitAnswer(other, count(database.name()), "0");
      }
    }
  }

  @ExtensionTest(extensions = "cube", settings = "max_connections = 77")
  @TestMethodOrder(MethodOrderer.OrderAnnotation.class)
  static final class Template {
    @Order(1)
    @Test
    void stays(@Superuser Connection superuser, TestDatabase database) throws SQLException {
      try (Statement statement = superuser.createStatement()) {
        statement.execute("ALTER DATABASE " + database.name() + " IS_TEMPLATE true");
      }
    }

    /** Keeps the server running until it has tried to drop the database of the first test. */
    @Order(2)
    @Test
    void waitsForTheWarning(DataSource dataSource) throws Exception {
      execute(dataSource, "SELECT 1");
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
      while (WARNINGS.stream().noneMatch(each -> each.contains(Template.class.getName()))
          && System.nanoTime() < end) {
        Thread.sleep(10);
      }
    }
  }

  @Test
  void namesTheTestOfADatabaseThatCannotBeDropped() throws Exception {
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(Template.class))
        .execute()
        .testEvents()
        .assertStatistics(events -> events.succeeded(2));
    // servers of earlier tests in this JVM may log warnings too
    String template = Template.class.getName();
    assertThat(WARNINGS)
        .filteredOn(each -> each.contains(template))
        .singleElement()
        .asString()
        .matches(
            "could not drop the database app_test_\\d+ of "
                + template.replace("$", "\\$")
                + "\\.stays\\(.*\\) yet");
  }
}
