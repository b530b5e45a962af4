// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.FlywayMigrations;
import io.pghello.extension.testkit.LiquibaseChangelog;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import liquibase.integration.spring.SpringLiquibase;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;

/** Databases that are prepared before the application's Flyway or Liquibase runs. */
class PreparedDatabaseIT {
  /** Returns whether a migration ran before the application's context was created. */
  private static boolean isPrepared(ApplicationContext context, String sql) {
    Timestamp time = context.getBean(JdbcTemplate.class).queryForObject(sql, Timestamp.class);
    return Objects.requireNonNull(time)
        .toInstant()
        .isBefore(Instant.ofEpochMilli(context.getStartupDate()));
  }

  @SpringBootTest(
      classes = PreflightIT.Migrated.class,
      webEnvironment = SpringBootTest.WebEnvironment.NONE,
      properties = "spring.flyway.locations=classpath:db/migration,classpath:db/later")
  @AutoConfigureExtensionDatabase(extensions = "pg_hello", preparer = FlywayMigrations.class)
  @Nested
  class OfFlyway {
    @Test
    void runsOnlyMissingMigrations(
        @Autowired ApplicationContext context, @Autowired Flyway flyway) {
      assertThat(flyway.info().applied()).hasSize(2);
      String installed = "SELECT installed_on FROM flyway_schema_history WHERE version = ";
      assertThat(isPrepared(context, installed + "'1'")).isTrue();
      assertThat(isPrepared(context, installed + "'2'")).isFalse();
    }
  }

  @SpringBootTest(
      classes = PreflightIT.Migrated.class,
      webEnvironment = SpringBootTest.WebEnvironment.NONE,
      properties = {
        "spring.flyway.enabled=false",
        "spring.liquibase.enabled=true",
        "spring.liquibase.contexts=base,later"
      })
  @AutoConfigureExtensionDatabase(extensions = "pg_hello", preparer = Base.class)
  @Nested
  class OfLiquibase {
    @Test
    void runsOnlyMissingChangeSets(
        @Autowired ApplicationContext context, @Autowired SpringLiquibase liquibase) {
      assertThat(liquibase.getContexts()).isEqualTo("base,later");
      String executed = "SELECT dateexecuted FROM databasechangelog WHERE id = ";
      assertThat(isPrepared(context, executed + "'main'")).isTrue();
      assertThat(isPrepared(context, executed + "'1'")).isTrue();
      assertThat(isPrepared(context, executed + "'later'")).isFalse();
      assertThat(
              context
                  .getBean(JdbcTemplate.class)
                  .queryForObject("SELECT count(*) FROM databasechangelog", Long.class))
          .isEqualTo(3);
    }
  }

  static final class Base extends LiquibaseChangelog {
    Base() {
      super(Map.of("contexts", "base"));
    }
  }
}
