// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.test.context.NestedTestConfiguration;
import org.springframework.test.context.NestedTestConfiguration.EnclosingConfiguration;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;

/** Databases of application contexts. */
// region annotation
@SpringJUnitConfig(ExtensionDatabaseIT.Application.class)
@AutoConfigureExtensionDatabase(
    extensions = {"acme_geo", "hstore"},
    install = "src/test/installed",
    settings = "acme.unit = km",
    reset = Reset.BEFORE_EACH_METHOD)
class ExtensionDatabaseIT {
  // endregion
  /** Creates a data source as Spring Boot does. */
  @Configuration
  static class Application {
    @Bean
    HikariDataSource dataSource(Environment environment) {
      var pool = new HikariDataSource();
      pool.setJdbcUrl(environment.getRequiredProperty("spring.datasource.url"));
      pool.setUsername(environment.getRequiredProperty("spring.datasource.username"));
      pool.setPassword(environment.getRequiredProperty("spring.datasource.password"));
      return pool;
    }
  }

  @Autowired private DataSource dataSource;
  @Autowired private Environment environment;

  private static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static void execute(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void hasTheExtensionsAndSettingsOfTheAnnotation() throws SQLException {
    assertThat(ask(dataSource, "SELECT acme_distance('1', '3') || ('a=>1'::hstore -> 'a')"))
        .isEqualTo("21");
    assertThat(ask(dataSource, "SHOW acme.unit")).isEqualTo("km");
    assertThat(ask(dataSource, "SHOW is_superuser")).isEqualTo("off");
    assertThat(environment.getProperty("spring.test.database.replace")).isEqualTo("none");
    assertThat(environment.getProperty("spring.flyway.url")).isNull();
    assertThat(environment.getProperty("spring.r2dbc.url")).isNull();
  }

  @RepeatedTest(2)
  void isRestored() throws SQLException {
    // fails if the table exists
    execute(dataSource, "CREATE TABLE once ()");
  }

  @Nested
  @NestedTestConfiguration(EnclosingConfiguration.OVERRIDE)
  @SpringJUnitConfig(Application.class)
  @AutoConfigureExtensionDatabase(extensions = "hstore", schema = "extensions")
  class InSchema {
    @Autowired private DataSource another;

    @Test
    void hasTheExtension() throws SQLException {
      assertThat(ask(another, "SELECT 'a=>1'::extensions.hstore")).isEqualTo("\"a\"=>\"1\"");
    }
  }

  @Nested
  @NestedTestConfiguration(EnclosingConfiguration.OVERRIDE)
  @SpringJUnitConfig(Application.class)
  @AutoConfigureExtensionDatabase(extensions = "pg_hello", create = false)
  class NotCreated {
    @Autowired private DataSource another;

    @Test
    void canCreateTheExtension() throws SQLException {
      execute(another, "CREATE EXTENSION pg_hello");
      assertThat(ask(another, "SELECT pg_hello('Ada')")).isEqualTo("Hello, Ada!");
    }
  }

  /** Otherwise, tests would migrate the database of the application's configuration. */
  @Nested
  @NestedTestConfiguration(EnclosingConfiguration.OVERRIDE)
  @SpringJUnitConfig(Application.class)
  @TestPropertySource(
      properties = {
        "spring.flyway.url=jdbc:postgresql://127.0.0.1:1/production",
        "spring.flyway.password=secret",
        "spring.liquibase.user=migrator",
        "spring.r2dbc.url=r2dbc:postgresql://127.0.0.1:1/production?sslMode=require"
      })
  @AutoConfigureExtensionDatabase(extensions = "hstore")
  class OwnConnections {
    @Autowired private Environment properties;

    @Test
    void areToTheDatabase() {
      String url = property("spring.datasource.url");
      for (String tool : List.of("spring.flyway", "spring.liquibase")) {
        assertThat(property(tool + ".url")).isEqualTo(url);
        assertThat(property(tool + ".user")).isEqualTo(property("spring.datasource.username"));
        assertThat(property(tool + ".password")).isEqualTo(property("spring.datasource.password"));
      }
      assertThat(property("spring.r2dbc.url"))
          .isEqualTo("r2dbc" + url.substring("jdbc".length(), url.indexOf('?')));
      assertThat(property("spring.r2dbc.username"))
          .isEqualTo(property("spring.datasource.username"));
      assertThat(property("spring.r2dbc.password"))
          .isEqualTo(property("spring.datasource.password"));
    }

    private String property(String name) {
      return properties.getRequiredProperty(name);
    }
  }

  /** Uses the annotation as a meta-annotation. */
  @Retention(RetentionPolicy.RUNTIME)
  @AutoConfigureExtensionDatabase(extensions = "pg_trgm")
  @interface Words {}

  @Nested
  @NestedTestConfiguration(EnclosingConfiguration.OVERRIDE)
  @SpringJUnitConfig(Application.class)
  @Words
  class Kept {
    @Autowired private DataSource another;

    @RepeatedTest(2)
    void keepsCommittedChanges() throws SQLException {
      assertThat(ask(another, "SELECT similarity('a', 'a')")).isEqualTo("1");
      execute(another, "CREATE TABLE IF NOT EXISTS kept (id serial)");
      execute(another, "INSERT INTO kept DEFAULT VALUES");
      assertThat(ask(another, "SELECT count(*) FROM kept")).isEqualTo(String.valueOf(++Seen.count));
    }
  }

  /** Counts the runs of the method above. */
  private static final class Seen {
    private static int count;
  }
}
