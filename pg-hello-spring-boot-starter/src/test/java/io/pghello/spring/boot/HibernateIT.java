// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.EntityManagerFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.SpringProperties;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;

/** In an application with JPA, the starter reports problems once. */
@PgHelloTest(create = false)
@ExtendWith(OutputCaptureExtension.class)
class HibernateIT {
  private static final String MISSING = "Extension pg_hello does not exist in database ";
  private static final String CHECK = "pg-hello.preflight";

  @Test
  void reportsProblemsOnce(TestDatabase database, CapturedOutput output) {
    jpa(database)
        .run(
            context ->
                assertThat(context.getBean(EntityManagerFactory.class).getProperties())
                    .containsEntry(CHECK, "off"));
    assertThat(output).containsOnlyOnce(MISSING + database.name());
  }

  @Test
  void reportsNothingForAnExtensionCreatedByAScript(TestDatabase database, CapturedOutput output) {
    jpa(database)
        .withPropertyValues(
            "pg-hello.preflight=fail",
            "spring.jpa.defer-datasource-initialization=true",
            "spring.sql.init.mode=always",
            "spring.sql.init.schema-locations=classpath:sql/create-extension.sql")
        .run(
            context ->
                assertThat(context.getBean(PgHelloClient.class).hello("Ada"))
                    .isEqualTo("Hello, Ada!"));
    assertThat(output).doesNotContain(MISSING);
  }

  @Test
  void hibernateUsesTheConfiguredSchema(TestDatabase database, CapturedOutput output) {
    jpa(database)
        .withPropertyValues("spring.jpa.properties." + CHECK + "=warn", "pg-hello.preflight=off")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).containsOnlyOnce(MISSING + database.name());
  }

  @Test
  void hibernateKeepsItsOwnSchema(TestDatabase database) {
    jpa(database)
        .withPropertyValues(
            "pg-hello.schema=public",
            "spring.jpa.properties.pg-hello.schema=own",
            "pg-hello.preflight=off")
        .run(
            context ->
                assertThat(context.getBean(EntityManagerFactory.class).getProperties())
                    .containsEntry("pg-hello.schema", "own"));
  }

  @Test
  void hibernateChecksADatabaseThatTheClientDoesNotUse(TestDatabase database, CapturedOutput output)
      throws SQLException {
    try (TestDatabase other = database.copy()) {
      execute(database, "CREATE EXTENSION pg_hello");
      Contexts.jdbc(database)
          .withPropertyValues("other.url=" + other.jdbcUrl())
          .withUserConfiguration(OnOtherData.class)
          .run(context -> assertThat(context).hasNotFailed());
      assertThat(output)
          .containsOnlyOnce(MISSING + other.name())
          .doesNotContain(MISSING + database.name());
    }
  }

  @Test
  void hibernateChecksItsDatabaseIfTheApplicationDefinesTheClient(
      TestDatabase database, CapturedOutput output) throws SQLException {
    try (TestDatabase other = database.copy()) {
      execute(other, "CREATE EXTENSION pg_hello");
      jpa(database)
          .withBean(PgHelloClient.class, () -> PgHelloClient.create(other.dataSource()))
          .run(context -> assertThat(context).hasNotFailed());
      assertThat(output).containsOnlyOnce(MISSING + database.name());
    }
  }

  @Test
  void checksNothingIfDisabledOrTraining(TestDatabase database, CapturedOutput output) {
    ApplicationContextRunner jpa = withoutPreflight(database);
    jpa.withPropertyValues("pg-hello.preflight=off")
        .run(context -> assertThat(context).hasNotFailed());
    // Spring has already read the property, so it does not exit the JVM
    SpringProperties.setProperty("spring.context.exit", "onRefresh");
    try {
      jpa.run(context -> assertThat(context).hasNotFailed());
    } finally {
      SpringProperties.setProperty("spring.context.exit", null);
    }
    assertThat(output).doesNotContain(MISSING);
  }

  @Test
  void hibernateChecksDatabasesThatTheStarterDoesNotCheck(
      TestDatabase database, CapturedOutput output) {
    withoutPreflight(database).run(context -> assertThat(context).hasNotFailed());
    assertThat(output).containsOnlyOnce(MISSING + database.name());
  }

  private static ApplicationContextRunner jpa(TestDatabase database) {
    return Contexts.on(database).withUserConfiguration(Jpa.class);
  }

  /** Returns a runner without the starter's check, as in Spring Boot's test slices. */
  private static ApplicationContextRunner withoutPreflight(TestDatabase database) {
    return jpa(database)
        .withPropertyValues(
            "spring.autoconfigure.exclude=" + PgHelloPreflightAutoConfiguration.class.getName());
  }

  private static void execute(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration(
      excludeName = {
        "org.springframework.boot.autoconfigure.data.jpa.JpaRepositoriesAutoConfiguration",
        "org.springframework.boot.data.jpa.autoconfigure.DataJpaRepositoriesAutoConfiguration",
        "org.springframework.boot.autoconfigure.jooq.JooqAutoConfiguration",
        "org.springframework.boot.jooq.autoconfigure.JooqAutoConfiguration",
        "org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration",
        "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration",
        "org.springframework.boot.autoconfigure.liquibase.LiquibaseAutoConfiguration",
        "org.springframework.boot.liquibase.autoconfigure.LiquibaseAutoConfiguration"
      })
  static class Jpa {}

  @Configuration(proxyBeanMethods = false)
  static class OnOtherData {
    @Bean(defaultCandidate = false)
    DataSource otherData(@Value("${other.url}") String url) {
      return new DriverManagerDataSource(url);
    }

    @Bean
    LocalContainerEntityManagerFactoryBean others(@Qualifier("otherData") DataSource dataSource) {
      var factory = new LocalContainerEntityManagerFactoryBean();
      factory.setDataSource(dataSource);
      factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
      factory.setPackagesToScan("none");
      return factory;
    }
  }
}
