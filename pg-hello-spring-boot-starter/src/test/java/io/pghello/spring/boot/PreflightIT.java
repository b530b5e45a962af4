// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.SpringProperties;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

@PgHelloTest(create = false)
@ExtendWith(OutputCaptureExtension.class)
class PreflightIT {
  private static final String MISSING = "Extension pg_hello does not exist in database ";
  private static final String REMEDY = "CREATE EXTENSION pg_hello;";
  private static final String SCHEMA = "Set pg-hello.schema to that schema, or remove the property";

  @Test
  void warnsByDefault(TestDatabase database, CapturedOutput output) {
    Contexts.jdbc(database).run(context -> assertThat(context).hasNotFailed());
    assertThat(output).containsOnlyOnce(MISSING + database.name()).contains(REMEDY);
  }

  @Test
  void logsNothingWithoutProblems(TestDatabase database, CapturedOutput output)
      throws SQLException {
    execute(database, REMEDY);
    Contexts.jdbc(database).run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain("pg_hello");
  }

  @Test
  void checksNothingIfDisabled(TestDatabase database, CapturedOutput output) {
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.preflight=off")
        .run(context -> assertThat(context.getBean(HikariDataSource.class).isRunning()).isFalse());
    assertThat(output).doesNotContain(MISSING);
  }

  @Test
  void failsStartupIfConfigured(TestDatabase database, CapturedOutput output) {
    assertThatThrownBy(
            () ->
                SpringApplication.run(
                    Contexts.Jdbc.class,
                    "--spring.datasource.url=" + database.jdbcUrl(),
                    "--spring.main.web-application-type=none",
                    "--pg-hello.preflight=fail"))
        .hasStackTraceContaining(MISSING);
    assertThat(output)
        .contains("APPLICATION FAILED TO START")
        .contains("Description:", MISSING + database.name() + ". [NOT_CREATED]")
        .contains("Action:", REMEDY);
  }

  @Test
  void explainsABeanThatFailedToGreet(TestDatabase database, CapturedOutput output) {
    assertThatThrownBy(
            () ->
                SpringApplication.run(
                    new Class<?>[] {Contexts.Jdbc.class, GreetsAtTheStart.class},
                    new String[] {
                      "--spring.datasource.url=" + database.jdbcUrl(),
                      "--spring.main.web-application-type=none"
                    }))
        .hasRootCauseInstanceOf(FunctionCallException.class);
    assertThat(output).contains("APPLICATION FAILED TO START", "[NOT_CREATED]", REMEDY);
  }

  @Test
  void warnsAboutAnUnavailableDatabase(TestDatabase database, CapturedOutput output) {
    Contexts.jdbc(database)
        .withPropertyValues(
            "spring.datasource.url=jdbc:postgresql://127.0.0.1:1/none",
            "spring.datasource.hikari.connection-timeout=250")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).contains("Could not check whether pg_hello can be used: ");
  }

  @Test
  void failsWithAnUnavailableDatabase(TestDatabase database) {
    Contexts.jdbc(database)
        .withPropertyValues(
            "spring.datasource.url=jdbc:postgresql://127.0.0.1:1/none",
            "spring.datasource.hikari.connection-timeout=250",
            "pg-hello.preflight=fail")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .isInstanceOfSatisfying(
                        FunctionCallException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE)));
  }

  @Test
  void anExtensionThatIsNotOnThePathIsNoFailure(TestDatabase database, CapturedOutput output)
      throws SQLException {
    execute(database, "CREATE SCHEMA ext; CREATE EXTENSION pg_hello SCHEMA ext");
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.preflight=fail")
        .run(
            context ->
                assertThat(context.getBean(PgHelloClient.class).hello("Ada"))
                    .isEqualTo("Hello, Ada!"));
    assertThat(output).contains("search_path");
  }

  @Test
  void failsIfTheExtensionIsNotInTheConfiguredSchema(TestDatabase database, CapturedOutput output)
      throws SQLException {
    execute(database, "CREATE SCHEMA ext; CREATE EXTENSION pg_hello");
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.preflight=fail", "pg-hello.schema=ext")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasMessageContaining(
                        "is in schema public, but the client is configured for schema \"ext\"")
                    .hasMessageContaining(SCHEMA));
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.schema=ext")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains(SCHEMA)
        .doesNotContain("Configure the client with the extension's schema");
  }

  @Test
  void explainsABeanThatFailsOnTheConfiguredSchema(TestDatabase database, CapturedOutput output)
      throws SQLException {
    execute(database, "CREATE SCHEMA ext; CREATE EXTENSION pg_hello");
    assertThatThrownBy(
            () ->
                SpringApplication.run(
                    new Class<?>[] {Contexts.Jdbc.class, GreetsAtTheStart.class},
                    new String[] {
                      "--spring.datasource.url=" + database.jdbcUrl(),
                      "--spring.main.web-application-type=none",
                      "--pgHello.schema=ext"
                    }))
        .hasRootCauseInstanceOf(FunctionCallException.class);
    assertThat(output).contains("APPLICATION FAILED TO START", "[WRONG_SCHEMA]", "Action:", SCHEMA);
  }

  @Test
  void anObstacleAmongWarningsFailsStartup(TestDatabase database) throws SQLException {
    execute(database, "CREATE SCHEMA ext; CREATE EXTENSION pg_hello SCHEMA ext");
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.preflight=fail", "pg-hello.schema=public")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasMessageContaining("but the client is configured for schema")
                    .hasMessageContaining("which is not on the search_path"));
  }

  @Test
  void suggestsCreatingTheExtensionInTheConfiguredSchema(
      TestDatabase database, CapturedOutput output) throws SQLException {
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.schema=o'\"ext")
        .run(context -> assertThat(context).hasNotFailed());
    String remedy =
        "CREATE SCHEMA IF NOT EXISTS \"o'\"\"ext\"; CREATE EXTENSION pg_hello SCHEMA"
            + " \"o'\"\"ext\";";
    assertThat(output)
        .contains(
            "Run in this database, if no other role can create objects in schema \"o'\"\"ext\": "
                + remedy);
    execute(database, remedy);
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.preflight=fail", "pg-hello.schema=o'\"ext")
        .run(context -> assertThat(context).hasNotFailed());
  }

  @Test
  void describesAnApplicationsClientWithoutMentioningProperties(
      TestDatabase database, CapturedOutput output) throws SQLException {
    execute(database, "CREATE SCHEMA ext; CREATE EXTENSION pg_hello");
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.schema=public")
        .withBean(
            PgHelloClient.class,
            () -> PgHelloClient.builder().dataSource(database.dataSource()).schema("ext").build())
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .contains("Configure the client with the extension's schema")
        .doesNotContain(SCHEMA);
  }

  @Test
  void theVersionThatTheClientNeedsIsNewEnough(TestDatabase database, CapturedOutput output)
      throws SQLException {
    execute(database, "CREATE EXTENSION pg_hello VERSION '1.1'");
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.preflight=fail")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain("pg_hello");
  }

  @Test
  void comesAfterTheScriptsOfTheApplication(TestDatabase database) {
    Contexts.jdbc(database)
        .withPropertyValues(
            "pg-hello.preflight=fail",
            "spring.sql.init.mode=always",
            "spring.sql.init.schema-locations=classpath:sql/create-extension.sql")
        .withUserConfiguration(GreetsAtTheStart.class)
        .run(context -> assertThat(context).getBean("greeting").isEqualTo("Hello, Ada!"));
  }

  @Test
  void comesAfterFlyway(TestDatabase database) {
    Contexts.on(database)
        .withPropertyValues("pg-hello.preflight=fail", "spring.liquibase.enabled=false")
        .withUserConfiguration(Migrated.class, GreetsAtTheStart.class)
        .run(context -> assertThat(context).getBean("greeting").isEqualTo("Hello, Ada!"));
  }

  @Test
  void comesAfterLiquibase(TestDatabase database) {
    Contexts.on(database)
        .withPropertyValues(
            "pg-hello.preflight=fail",
            "spring.flyway.enabled=false",
            "spring.liquibase.change-log=classpath:db/changelog/create-extension.sql")
        .withUserConfiguration(Migrated.class, GreetsAtTheStart.class)
        .run(context -> assertThat(context).getBean("greeting").isEqualTo("Hello, Ada!"));
  }

  @Test
  void isNotLazy(TestDatabase database, CapturedOutput output) {
    assertThatThrownBy(
            () ->
                SpringApplication.run(
                    Contexts.Jdbc.class,
                    "--spring.datasource.url=" + database.jdbcUrl(),
                    "--spring.main.web-application-type=none",
                    "--spring.main.lazy-initialization=true",
                    "--pg-hello.preflight=fail"))
        .hasStackTraceContaining(MISSING);
    assertThat(output).contains("APPLICATION FAILED TO START");
  }

  @Test
  void checksNothingWhileTrainingAnAotCache(TestDatabase database) {
    // Spring has already read the property, so it does not exit the JVM
    Contexts.jdbc(database).run(context -> assertThat(context).hasNotFailed());
    SpringProperties.setProperty("spring.context.exit", "onRefresh");
    try {
      Contexts.jdbc(database)
          .withPropertyValues("pg-hello.preflight=fail")
          .run(
              context -> assertThat(context.getBean(HikariDataSource.class).isRunning()).isFalse());
    } finally {
      SpringProperties.setProperty("spring.context.exit", null);
    }
  }

  @Test
  void checksTheDatabaseOfEachClient(TestDatabase database, CapturedOutput output)
      throws SQLException {
    execute(database, "CREATE SCHEMA ext; CREATE EXTENSION pg_hello");
    var clients =
        Contexts.jdbc(database)
            .withBean("greetings", PgHelloClient.class, () -> client(database, "public"))
            .withBean("reports", PgHelloClient.class, () -> client(database, "ext"))
            .withBean("mails", PgHelloClient.class, () -> client(database, "public"));
    clients.run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .containsOnlyOnce("is configured for schema")
        .contains("reports: Extension pg_hello is in");
    clients
        .withPropertyValues("pg-hello.preflight=fail")
        .run(
            context -> assertThat(context).getFailure().hasMessageStartingWith("Client reports: "));
    execute(database, "DROP EXTENSION pg_hello");
    clients.run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .containsOnlyOnce("greetings, mails: " + MISSING + database.name())
        .containsOnlyOnce("reports: " + MISSING + database.name());
  }

  @Test
  void checksTheOtherDatabasesIfOneIsUnavailable(TestDatabase database, CapturedOutput output) {
    Contexts.jdbc(database)
        .withBean("first", PgHelloClient.class, PreflightIT::withoutServer)
        .withBean("second", PgHelloClient.class, () -> client(database, "public"))
        .withBean("third", PgHelloClient.class, PreflightIT::withoutServer)
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output)
        .containsOnlyOnce("Could not check whether pg_hello can be used by first: ")
        .containsOnlyOnce("second: " + MISSING + database.name())
        .containsOnlyOnce("Could not check whether pg_hello can be used by third: ");
  }

  private static PgHelloClient client(TestDatabase database, String schema) {
    return PgHelloClient.builder().dataSource(database.dataSource()).schema(schema).build();
  }

  private static PgHelloClient withoutServer() {
    return PgHelloClient.create(new DriverManagerDataSource("jdbc:postgresql://127.0.0.1:1/none"));
  }

  private static void execute(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class GreetsAtTheStart {
    @Bean
    String greeting(PgHelloClient client) {
      return client.hello("Ada");
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration(
      excludeName = {
        "org.springframework.boot.autoconfigure.orm.jpa.HibernateJpaAutoConfiguration",
        "org.springframework.boot.hibernate.autoconfigure.HibernateJpaAutoConfiguration",
        "org.springframework.boot.autoconfigure.data.jpa.JpaRepositoriesAutoConfiguration",
        "org.springframework.boot.data.jpa.autoconfigure.DataJpaRepositoriesAutoConfiguration",
        "org.springframework.boot.autoconfigure.jooq.JooqAutoConfiguration",
        "org.springframework.boot.jooq.autoconfigure.JooqAutoConfiguration"
      })
  static class Migrated {}
}
