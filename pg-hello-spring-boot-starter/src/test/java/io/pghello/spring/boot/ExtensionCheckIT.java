// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionException;
import io.pghello.extension.ExtensionProvider;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;

/** Checks of extensions other than pg_hello. */
@Tag("slow")
@PgHelloTest
@ExtendWith(OutputCaptureExtension.class)
class ExtensionCheckIT {
  private static final String MISSING = "Extension hstore does not exist in database ";

  @Test
  void warnsAboutTheListedExtensions(TestDatabase database, CapturedOutput output) {
    Contexts.jdbc(database)
        .withPropertyValues("pg-extension.check=plpgsql,hstore")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .containsOnlyOnce(MISSING)
        .contains("Run in this database: CREATE EXTENSION hstore;");
    assertThat(output).doesNotContain("plpgsql");
  }

  @Test
  void logsNothingIfNoneIsListedOrDisabled(TestDatabase database, CapturedOutput output) {
    Contexts.jdbc(database).run(context -> assertThat(context).hasNotFailed());
    Contexts.jdbc(database)
        .withPropertyValues("pg-extension.check=hstore", "pg-extension.preflight=off")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain(MISSING);
  }

  @Test
  void failsStartupWithAllProblems(TestDatabase database) {
    Contexts.jdbc(database)
        .withPropertyValues("pg-extension.check=hstore,cube", "pg-extension.preflight=fail")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .isInstanceOf(ExtensionException.class)
                    .hasMessageContaining(MISSING)
                    .hasMessageContaining("Extension cube does not exist in database "));
  }

  @Test
  void reportsAnAmbiguousDataSource(TestDatabase database, CapturedOutput output) {
    var two =
        Contexts.jdbc(database)
            .withBean("one", DataSource.class, database::dataSource)
            .withBean("two", DataSource.class, database::dataSource)
            .withPropertyValues("pg-extension.check=hstore");
    two.run(context -> assertThat(context).hasNotFailed());
    String message =
        "Could not check whether hstore can be used: the application has no data source, or";
    assertThat(output).containsOnlyOnce(message);
    two.withPropertyValues("pg-extension.preflight=fail")
        .run(context -> assertThat(context).getFailure().hasMessageStartingWith(message));
  }

  /** Connections may be unavailable at startup, for example with a database per tenant. */
  @Test
  void warnsAboutEachExtensionWithoutAConnection(TestDatabase database, CapturedOutput output) {
    var routing =
        Contexts.jdbc(database)
            .withBean(DataSource.class, () -> routing(database.dataSource()))
            .withPropertyValues("pg-extension.check=hstore,cube");
    routing.run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains("Could not check whether hstore can be used: Cannot determine target DataSource")
        .contains("Could not check whether cube can be used: Cannot determine target DataSource");
    routing
        .withPropertyValues("pg-extension.preflight=fail")
        .run(context -> assertThat(context).hasFailed());
  }

  private static DataSource routing(DataSource target) {
    var routing =
        new AbstractRoutingDataSource() {
          @Override
          protected @Nullable Object determineCurrentLookupKey() {
            return null;
          }
        };
    routing.setTargetDataSources(Map.of("one", target));
    return routing;
  }

  /** The later check can fail, for example, if the pool times out. */
  @Test
  void reportsEarlierProblemsIfALaterCheckFails(TestDatabase database, CapturedOutput output) {
    var connections = new AtomicInteger();
    var once =
        new DelegatingDataSource(database.dataSource()) {
          @Override
          public Connection getConnection() throws SQLException {
            if (connections.incrementAndGet() > 1) {
              throw new SQLException("no more");
            }
            return super.getConnection();
          }
        };
    Contexts.jdbc(database)
        .withBean(DataSource.class, () -> once)
        .withPropertyValues(
            "pg-hello.preflight=off",
            "pg-extension.check=hstore,cube",
            "pg-extension.preflight=fail")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasMessage("Could not check whether cube can be used: no more"));
    assertThat(output).contains(MISSING);
  }

  /** This happens, for example, if the jar of another binding is incomplete. */
  @Test
  void warnsIfAProviderCannotBeLoaded(
      TestDatabase database, CapturedOutput output, @TempDir Path folder) throws Exception {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(ExtensionProvider.class.getName()), "no.such.Provider");
    try (var broken =
        new URLClassLoader(new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
      var runner =
          Contexts.jdbc(database)
              .withClassLoader(broken)
              .withPropertyValues("pg-extension.check=hstore");
      runner.run(context -> assertThat(context).hasNotFailed());
      runner
          .withPropertyValues("pg-extension.preflight=fail")
          .run(
              context ->
                  assertThat(context)
                      .getFailure()
                      .hasMessageStartingWith("Could not check whether hstore can be used: "));
    }
    assertThat(output).contains("no.such.Provider");
  }

  /** The extension may be in its own schema on purpose. */
  @Test
  void doesNotWarnAboutAnUnusedSearchPath(
      TestDatabase database, Connection connection, CapturedOutput output) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA apart; CREATE EXTENSION hstore SCHEMA apart");
    }
    Contexts.jdbc(database)
        .withPropertyValues("pg-extension.check=hstore")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain("Extension hstore is in schema");
  }

  @Test
  void failsStartupIfConfigured(TestDatabase database, CapturedOutput output) throws Exception {
    String[] arguments = {
      "--spring.datasource.url=" + database.jdbcUrl(),
      "--spring.main.web-application-type=none",
      "--pg-extension.check=hstore",
      "--pg-extension.preflight=fail"
    };
    assertThatThrownBy(() -> SpringApplication.run(Contexts.Jdbc.class, arguments))
        .hasStackTraceContaining(MISSING);
    assertThat(output)
        .contains("APPLICATION FAILED TO START")
        .contains(MISSING + database.name() + ". [NOT_CREATED]")
        .contains("Action:", "Run in this database: CREATE EXTENSION hstore;");
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION hstore");
    }
    SpringApplication.run(Contexts.Jdbc.class, arguments).close();
  }
}
