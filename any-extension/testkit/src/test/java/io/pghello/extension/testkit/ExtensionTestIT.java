// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import io.pghello.extension.testkit.ExtensionTest.Scope;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Fresh databases with extensions for each test. */
@ExtensionTest(extensions = {"pg_trgm", "hstore"})
class ExtensionTestIT {
  @Test
  void comparesWords(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT similarity('PostgreSQL', 'Postgres')")) {
      row.next();
      assertThat(row.getDouble(1)).isGreaterThan(0.5);
    }
  }

  @RepeatedTest(2)
  void startsWithAFreshDatabase(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      // fails if the table exists
      statement.execute("CREATE TABLE once AS SELECT 'a=>1'::hstore AS h");
    }
  }

  @Test
  void logsInAsOwnerOrSuperuser(Connection owner, @Superuser Connection superuser)
      throws SQLException {
    assertThat(ask(owner, "SHOW is_superuser")).isEqualTo("off");
    assertThat(ask(superuser, "SHOW is_superuser")).isEqualTo("on");
  }

  @Test
  void countsRoundTrips(Connection connection, WireProxy proxy) throws Exception {
    proxy.assertRoundTrips(1, () -> ask(connection, "SELECT 1"));
  }

  @Test
  void injectsTheServer(ExtensionServer server, TestDatabase database) {
    assertThat(database.jdbcUrl())
        .startsWith("jdbc:postgresql://127.0.0.1:" + server.port() + "/app_test_");
  }

  /** Uses the annotation as a meta-annotation. */
  @Retention(RetentionPolicy.RUNTIME)
  // region own
  @ExtensionTest(install = "src/test/installed", settings = "acme.unit = km")
  @interface AcmeTest {}

  // endregion

  @Nested
  @AcmeTest
  class Own {
    @Test
    void usesFilesOfMakeInstall(Connection connection) throws SQLException {
      assertThat(ask(connection, "SELECT acme_distance('(0, 0)', '(3, 4)')")).isEqualTo("5");
      assertThat(ask(connection, "SHOW acme.unit")).isEqualTo("km");
      assertThat(ask(connection, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"))
          .isEqualTo("0");
    }
  }

  @Nested
  @ExtensionTest(
      extensions = {"acme_geo", "pg_hello", "hstore"},
      install = "src/test/installed",
      database = Scope.CLASS)
  class Several {
    private static String seen = "";

    @BeforeAll
    static void prepare(TestDatabase database) {
      seen = database.name();
    }

    @Test
    void areInOneDatabase(Connection connection, TestDatabase database) throws SQLException {
      assertThat(database.name()).isEqualTo(seen);
      assertThat(
              ask(
                  connection,
                  "SELECT pg_hello('Ada') || acme_distance('1', '2') || ('a=>1'::hstore -> 'a')"))
          .isEqualTo("Hello, Ada!11");
    }
  }

  @Nested
  @ExtensionTest(extensions = {"pg_trgm", "hstore"})
  class Again {
    @Test
    void sharesTheServer(ExtensionServer server) {
      assertThat(server.isRunning()).isTrue();
    }
  }

  @ExtensionTest(extensions = "no_such_extension")
  static final class Missing {
    @Test
    void isNotRun() {}
  }

  @ExtensionTest(extensions = "pg_trgm", settings = "no equals sign")
  static final class Misspelt {
    @Test
    void isNotRun() {}
  }

  @ExtensionTest(extensions = "pg_trgm", install = "src/test/installed")
  static final class Forgotten {
    @Test
    void isNotRun() {}
  }

  private static void fails(Class<?> test, Class<? extends Throwable> type, String part) {
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(test))
        .execute()
        .allEvents()
        .assertThatEvents()
        .haveExactly(
            1, event(finishedWithFailure(instanceOf(type), message(m -> m.contains(part)))));
  }

  @Test
  void failsAClassOnce() {
    fails(
        Missing.class, IllegalStateException.class, "There is no extension \"no_such_extension\"");
    fails(Misspelt.class, IllegalArgumentException.class, "name=value");
    fails(Forgotten.class, IllegalArgumentException.class, "but not its extension \"acme_geo\"");
  }
}
