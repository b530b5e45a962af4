// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloAsyncOperations;
import io.pghello.PgHelloClient;
import io.pghello.PgHelloOperations;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.jooq.PgHello;
import io.pghello.testkit.PgHelloTest;
import jakarta.transaction.UserTransaction;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jooq.impl.DefaultConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.MapPropertySource;
import org.springframework.jdbc.datasource.AbstractDriverBasedDataSource;
import org.springframework.jdbc.datasource.UserCredentialsDataSourceAdapter;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.transaction.jta.JtaTransactionManager;

@PgHelloTest
class AutoConfigurationIT {
  @Test
  void createsAClientThatSendsNothingBeforeItsFirstCall(TestDatabase database) {
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.preflight=off")
        .run(
            context -> {
              var pool = context.getBean(HikariDataSource.class);
              PgHelloClient client = context.getBean(PgHelloClient.class);
              assertThat(pool.isRunning()).isFalse();
              assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
              assertThat(pool.isRunning()).isTrue();
            });
  }

  @Test
  void closesTheClientWithTheContext(TestDatabase database) {
    var closed = new AtomicReference<PgHelloClient>();
    Contexts.jdbc(database).run(context -> closed.set(context.getBean(PgHelloClient.class)));
    assertThatThrownBy(() -> closed.get().hello("Ada"))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
  }

  @Test
  void doesNotReplaceAClientOfTheApplication(TestDatabase database) {
    PgHelloClient own = PgHelloClient.create(database.dataSource());
    Contexts.jdbc(database)
        .withBean("greetings", PgHelloClient.class, () -> own)
        .run(context -> assertThat(context).getBean(PgHelloClient.class).isSameAs(own));
  }

  @Test
  void backsOffWithTwoDataSources(TestDatabase database) {
    Contexts.on(database)
        .withUserConfiguration(Contexts.Jdbc.class, TwoDataSources.class)
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context).doesNotHaveBean(PgHelloClient.class);
            });
  }

  @Test
  void usesThePrimaryDataSource(TestDatabase database) {
    Contexts.on(database)
        .withUserConfiguration(Contexts.Jdbc.class, PrimaryAndReports.class)
        .run(
            context -> {
              assertThat(context.getBean(PgHelloClient.class).hello("Ada"))
                  .isEqualTo("Hello, Ada! Hello, Ada!");
              assertThat(context.getBean("reports", PgHelloClient.class).hello("Ada"))
                  .isEqualTo("Hello, Ada!");
            });
  }

  @Test
  void callsListenersAndCustomizersInTheirOrder(TestDatabase database) {
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.call-timeout=7s")
        .withUserConfiguration(Customized.class)
        .run(
            context -> {
              PgHelloClient client = context.getBean(PgHelloClient.class);
              assertThat(client.toString()).contains("timeout 2000 ms");
              assertThat(client.helloAllAsync(List.of("Ada")).get()).containsExactly("Hello, Ada!");
              assertThat(context.getBean(Customized.class).heard)
                  .containsExactly("executor", "first", "second");
            });
  }

  @Test
  void bindsAllProperties(TestDatabase database) {
    Contexts.jdbc(database)
        .withPropertyValues(
            "pg-hello.schema=public",
            "pg-hello.preflight=off",
            "pg-hello.default-repeat=3",
            "pg-hello.call-timeout=7s",
            "pg-hello.retry-on-connection-loss=false",
            "pg-hello.batching=false",
            "pg-hello.max-batch-size=8",
            "pg-hello.max-batch-bytes=9KB",
            "pg-hello.max-in-flight-batches=4",
            "pg-hello.max-concurrent-async-calls=5",
            "pg-hello.max-queued-calls=6",
            "pg-hello.max-queued-bytes=1MB",
            "pg-hello.block-when-full=true")
        .run(
            context -> {
              PgHelloProperties properties = context.getBean(PgHelloProperties.class);
              assertThat(properties)
                  .hasToString(
                      "PgHelloProperties[schema=public, preflight=OFF, defaultRepeat=3,"
                          + " callTimeout=PT7S, retryOnConnectionLoss=false, batching=false,"
                          + " maxBatchSize=8, maxBatchBytes=9216B, maxInFlightBatches=4,"
                          + " maxConcurrentAsyncCalls=5, maxQueuedCalls=6, maxQueuedBytes=1048576B,"
                          + " blockWhenFull=true]");
              assertThat(context.getBean(PgHelloClient.class).hello("Ada"))
                  .isEqualTo("Hello, Ada! Hello, Ada! Hello, Ada!");
            });
  }

  /** An empty environment variable, for example, sets a blank schema. */
  @ParameterizedTest
  @ValueSource(strings = {"", " "})
  void aBlankSchemaIsNone(String schema, TestDatabase database) {
    Contexts.jdbc(database)
        .withInitializer(
            context ->
                context
                    .getEnvironment()
                    .getPropertySources()
                    .addFirst(new MapPropertySource("blank", Map.of("pg-hello.schema", schema))))
        .run(
            context ->
                assertThat(context.getBean(PgHelloClient.class).hello("Ada"))
                    .isEqualTo("Hello, Ada!"));
  }

  /** The client does not expose all properties. */
  @Test
  void passesAllPropertiesToTheClient(TestDatabase database) {
    var told = new AtomicReference<ClientBuilder<PgHelloClient>>();
    Contexts.jdbc(database)
        .withBean(PgHelloClientCustomizer.class, () -> told::set)
        .withPropertyValues(
            "pg-hello.schema=elsewhere",
            "pg-hello.preflight=off",
            "pg-hello.default-repeat=3",
            "pg-hello.call-timeout=7s",
            "pg-hello.retry-on-connection-loss=false",
            "pg-hello.batching=false",
            "pg-hello.max-batch-size=8",
            "pg-hello.max-batch-bytes=9KB",
            "pg-hello.max-in-flight-batches=4",
            "pg-hello.max-concurrent-async-calls=5",
            "pg-hello.max-queued-calls=6",
            "pg-hello.max-queued-bytes=1MB",
            "pg-hello.block-when-full=true")
        .run(
            context -> {
              assertThat(context).hasSingleBean(PgHelloClient.class);
              assertThat(told.get())
                  .usingRecursiveComparison()
                  .ignoringFields("client", "connections", "listeners", "pool")
                  .isEqualTo(
                      PgHelloClient.builder()
                          .schema("elsewhere")
                          .callTimeout(Duration.ofSeconds(7))
                          .retryOnConnectionLoss(false)
                          .batching(false)
                          .maxBatchSize(8)
                          .maxBatchBytes(9 << 10)
                          .maxInFlightBatches(4)
                          .maxConcurrentAsyncCalls(5)
                          .maxQueuedCalls(6)
                          .maxQueuedBytes(1 << 20)
                          .blockWhenFull(true));
            });
  }

  @Test
  void usesTheClientsDefaults(TestDatabase database) {
    Contexts.jdbc(database)
        .run(
            context -> {
              PgHelloProperties properties = context.getBean(PgHelloProperties.class);
              assertThat(properties.callTimeout()).isEqualTo(Duration.ofSeconds(5));
              try (PgHelloClient plain = PgHelloClient.create(database.dataSource())) {
                assertThat(settings(context.getBean(PgHelloClient.class)))
                    .isEqualTo(settings(plain));
              }
            });
  }

  // returns all settings except the source of connections
  private static String settings(PgHelloClient client) {
    return client.toString().replaceAll("(?s).*?(timeout.*)", "$1");
  }

  @Test
  void reportsTheInvalidProperty(TestDatabase database) {
    for (var wrong :
        Map.of(
                "pg-hello.max-batch-size=0", "pg-hello.max-batch-size with value '0' is invalid",
                "pg-hello.max-batch-bytes=3GB", "pg-hello.max-batch-bytes with value '3221225472'",
                "pg-hello.default-repeat=11", "it must be between 1 and 10",
                "pg-hello.call-timeout=0", "pg-hello.call-timeout with value 'PT0S'",
                "pg-hello.call-timeout=20d", "less than 20 days",
                "pg-hello.schema=a\0b", "a name without U+0000")
            .entrySet()) {
      Contexts.jdbc(database)
          .withPropertyValues(wrong.getKey())
          .run(
              context ->
                  assertThat(context)
                      .getFailure()
                      .rootCause()
                      .isInstanceOf(InvalidConfigurationPropertyValueException.class)
                      .hasMessageContaining(wrong.getValue()));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "pg-hello.default-repeat, 11, it must be between 1 and 10",
    "pgHello.maxBatchBytes, 3GB, 'it must be 1 or more, and at most 2147483647'",
    "PG-HELLO.CALL_TIMEOUT, 20d, 'it must be a millisecond or more, and less than 20 days'"
  })
  @ExtendWith(OutputCaptureExtension.class)
  void reportsInvalidPropertyValuesWithTheirOrigin(
      String property, String value, String reason, TestDatabase database, CapturedOutput output) {
    assertThatThrownBy(
            () ->
                SpringApplication.run(
                    Contexts.Jdbc.class,
                    "--spring.datasource.url=" + database.jdbcUrl(),
                    "--spring.main.web-application-type=none",
                    "--" + property + "=" + value))
        .hasRootCauseInstanceOf(InvalidConfigurationPropertyValueException.class);
    assertThat(output)
        .contains("APPLICATION FAILED TO START")
        .containsPattern("Property: pg-hello\\.(default-repeat|max-batch-bytes|call-timeout)\\R")
        .contains("Value: \"" + value + "\"")
        .contains("Origin: \"" + property + "\" from property source \"commandLineArgs\"")
        .contains("Reason: " + reason);
  }

  @Test
  void injectsABeanOfTheApplicationForTheInterface(TestDatabase database) {
    Contexts.jdbc(database)
        .withUserConfiguration(Loud.class, Injected.class)
        .run(context -> assertInjected(context, "Hello, Ada!"));
  }

  @Test
  void injectsTheApplicationsBeanForTheInterfaceDespiteASecondClient(TestDatabase database) {
    Contexts.on(database)
        .withUserConfiguration(
            Contexts.Jdbc.class, PrimaryAndReports.class, Loud.class, Injected.class)
        .run(context -> assertInjected(context, "Hello, Ada! Hello, Ada!"));
  }

  private static void assertInjected(ApplicationContext context, String greeting) {
    Injected injected = context.getBean(Injected.class);
    PgHelloClient client = context.getBean("pgHelloClient", PgHelloClient.class);
    assertThat(injected.client).isSameAs(client);
    assertThat(injected.async).isSameAs(client);
    assertThat(context.getBean(PgHelloClient.class)).isSameAs(client);
    assertThat(context.getBean(PgHelloAsyncOperations.class)).isSameAs(client);
    assertThat(client.hello("Ada")).isEqualTo(greeting);
    assertThat(injected.operations).isSameAs(context.getBean("loud"));
    assertThat(context.getBean(PgHelloOperations.class)).isSameAs(context.getBean("loud"));
    assertThat(injected.operations.hello("Ada")).isEqualTo(greeting + "!!");
  }

  @Test
  void callsOfARoutedDataSourceRunSeparately(TestDatabase database) {
    Contexts.on(database)
        .withUserConfiguration(Contexts.Jdbc.class, Routed.class)
        .run(
            context -> {
              PgHelloClient client = context.getBean(PgHelloClient.class);
              assertThat(client.toString()).contains("not batching");
              Routed.REPEAT.set("twice");
              try {
                assertThat(client.helloAsync("Ada").get()).isEqualTo("Hello, Ada! Hello, Ada!");
              } finally {
                Routed.REPEAT.remove();
              }
              assertThat(client.helloAsync("Ada").get()).isEqualTo("Hello, Ada!");
            });
  }

  @Test
  void rejectsBatchingOnARoutedDataSource(TestDatabase database) {
    Contexts.on(database)
        .withPropertyValues("pg-hello.batching=true")
        .withUserConfiguration(Contexts.Jdbc.class, Routed.class)
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .hasMessageContaining("pg-hello.batching is true")
                    .hasMessageContaining("the data source is chosen by the calling thread"));
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  void doesNotCoalesceWithAnUnknownDataSource(TestDatabase database, CapturedOutput output) {
    var unknown = Contexts.on(database).withUserConfiguration(Contexts.Jdbc.class, Unknown.class);
    unknown.run(
        context ->
            assertThat(context.getBean(PgHelloClient.class).toString()).contains("not batching"));
    assertThat(output)
        .containsOnlyOnce(
            "Calls to pg_hello do not share statements, because it is unknown whether")
        .contains("If it does, set pg-hello.batching=true");
    unknown
        .withPropertyValues("pg-hello.batching=false")
        .run(
            context ->
                assertThat(context.getBean(PgHelloClient.class).toString())
                    .contains("not batching"));
    unknown
        .withPropertyValues("pg-hello.batching=true")
        .run(
            context -> {
              PgHelloClient client = context.getBean(PgHelloClient.class);
              assertThat(client.toString()).doesNotContain("not batching");
              assertThat(context.getBean(DataSource.class)).isInstanceOf(OfAnotherLibrary.class);
              assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
            });
    assertThat(output).containsOnlyOnce("Calls to pg_hello do not share statements");
  }

  @Test
  void callsRunSeparatelyIfTheThreadDeterminesTheUser(TestDatabase database) {
    Contexts.on(database)
        .withUserConfiguration(Contexts.Jdbc.class, LogsInByThread.class)
        .run(
            context ->
                assertThat(context.getBean(PgHelloClient.class).toString())
                    .contains("not batching"));
  }

  @Test
  void callsRunSeparatelyWithJta(TestDatabase database) {
    Contexts.jdbc(database)
        .withUserConfiguration(Jta.class)
        .run(
            context ->
                assertThat(context.getBean(PgHelloClient.class).toString())
                    .contains("not batching"));
  }

  @Test
  void givesWayToAHealthContributorOfTheApplication(TestDatabase database) {
    String ours = "pgHelloHealthContributor";
    Contexts.jdbc(database).run(context -> assertThat(context).hasBean(ours));
    Contexts.jdbc(database)
        .withBean("pgHelloHealthIndicator", Object.class)
        .run(context -> assertThat(context).doesNotHaveBean(ours));
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  void logsNoNamesAndNoPasswords(TestDatabase database, CapturedOutput output) {
    try (ConfigurableApplicationContext context =
        SpringApplication.run(
            Contexts.Jdbc.class,
            "--spring.datasource.url=" + database.jdbcUrl(),
            "--spring.main.web-application-type=none",
            "--logging.level.io.pghello=trace",
            "--debug")) {
      PgHelloClient client = context.getBean(PgHelloClient.class);
      assertThat(client.hello("Marguerite")).isEqualTo("Hello, Marguerite!");
      assertThatThrownBy(() -> client.hello("Marguerite\0"))
          .isInstanceOf(FunctionCallException.class)
          .hasMessageNotContaining("Marguerite");
    }
    assertThat(output)
        .contains("PgHelloAutoConfiguration")
        .doesNotContain("Marguerite")
        .doesNotContain(database.password());
  }

  @Test
  void anApplicationWithoutADataSourceStarts() {
    new ApplicationContextRunner()
        .withUserConfiguration(NoDataSource.class)
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context).doesNotHaveBean(PgHelloClient.class);
            });
  }

  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration({
    PgHelloAutoConfiguration.class,
    PgHelloPreflightAutoConfiguration.class,
    PgHelloMetricsAutoConfiguration.class,
    PgHelloObservationAutoConfiguration.class,
    PgHelloHibernateAutoConfiguration.class,
    PgHelloJooqAutoConfiguration.class
  })
  static class NoDataSource {}

  @Configuration(proxyBeanMethods = false)
  static class TwoDataSources {
    @Bean
    DataSource first(@Value("${spring.datasource.url}") String url) {
      return pool(url);
    }

    @Bean
    DataSource second(@Value("${spring.datasource.url}") String url) {
      return pool(url);
    }

    static DataSource pool(String url) {
      var pool = new HikariDataSource();
      pool.setJdbcUrl(url);
      pool.setMinimumIdle(0);
      return pool;
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class PrimaryAndReports {
    @Bean
    @Primary
    DataSource main(@Value("${spring.datasource.url}") String url) {
      var pool = (HikariDataSource) TwoDataSources.pool(url);
      pool.setConnectionInitSql("SET pg_hello.repeat = 2");
      return pool;
    }

    @Bean
    DataSource reportsData(@Value("${spring.datasource.url}") String url) {
      return TwoDataSources.pool(url);
    }

    // region second
    @Bean(defaultCandidate = false)
    PgHelloClient reports(@Qualifier("reportsData") DataSource dataSource) {
      return PgHelloClient.builder().connections(new SpringConnectionSource(dataSource)).build();
    }
    // endregion
  }

  /** A bean that changes the client's greetings. */
  @Configuration(proxyBeanMethods = false)
  static class Loud {
    @Bean
    PgHelloOperations loud(PgHelloClient client) {
      PgHelloOperations loud = mock();
      when(loud.hello(anyString())).then(call -> client.hello(call.getArgument(0)) + "!!");
      return loud;
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Injected {
    final PgHelloClient client;
    final PgHelloOperations operations;
    final PgHelloAsyncOperations async;

    Injected(PgHelloClient client, PgHelloOperations operations, PgHelloAsyncOperations async) {
      this.client = client;
      this.operations = operations;
      this.async = async;
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Customized {
    final List<String> heard = new ArrayList<>();

    @Bean
    @Order(2)
    CallListener second() {
      return listener("second");
    }

    @Bean
    @Order(1)
    CallListener first() {
      return listener("first");
    }

    // region customizer
    @Bean
    PgHelloClientCustomizer customizer(Executor executor) {
      return builder -> builder.asyncExecutor(executor).callTimeout(Duration.ofSeconds(2));
    }

    // endregion

    @Bean
    Executor executor() {
      return call -> {
        heard.add("executor");
        call.run();
      };
    }

    private CallListener listener(String name) {
      return new CallListener() {
        @Override
        public void callEnded(CallEnded event) {
          heard.add(name);
        }
      };
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Unknown {
    @Bean
    DataSource dataSource(@Value("${spring.datasource.url}") String url) {
      return new OfAnotherLibrary(url);
    }
  }

  private static final class OfAnotherLibrary extends AbstractDriverBasedDataSource {
    OfAnotherLibrary(String url) {
      setUrl(url);
    }

    @Override
    protected Connection getConnectionFromDriver(Properties properties) throws SQLException {
      return DriverManager.getConnection(Objects.requireNonNull(getUrl()), properties);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class LogsInByThread {
    @Bean
    DataSource dataSource(@Value("${spring.datasource.url}") String url) {
      var byThread = new UserCredentialsDataSourceAdapter();
      byThread.setTargetDataSource(TwoDataSources.pool(url));
      return byThread;
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Jta {
    @Bean
    JtaTransactionManager jta() {
      Object transaction =
          Proxy.newProxyInstance(
              Jta.class.getClassLoader(),
              new Class<?>[] {UserTransaction.class},
              (proxy, method, arguments) -> {
                throw new UnsupportedOperationException(method.getName());
              });
      return new JtaTransactionManager((UserTransaction) transaction);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Routed {
    static final ThreadLocal<String> REPEAT = new ThreadLocal<>();

    @Bean
    DataSource routed(@Value("${spring.datasource.url}") String url) {
      var twice = (HikariDataSource) TwoDataSources.pool(url);
      twice.setConnectionInitSql("SET pg_hello.repeat = 2");
      DataSource once = TwoDataSources.pool(url);
      var routed =
          new AbstractRoutingDataSource() {
            @Override
            protected Object determineCurrentLookupKey() {
              return REPEAT.get();
            }
          };
      routed.setTargetDataSources(Map.of("twice", twice));
      routed.setDefaultTargetDataSource(once);
      return routed;
    }
  }

  /** An application may set another schema, for example for a second database. */
  @Test
  void leavesAConfigurationOfJooqThatHasItsSchema(TestDatabase database) {
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.schema=elsewhere", "pg-hello.preflight=off")
        .withBean("told", DefaultConfiguration.class, AutoConfigurationIT::inOther)
        .withBean("open", DefaultConfiguration.class, DefaultConfiguration::new)
        .run(
            context -> {
              assertThat(PgHello.schema(context.getBean("told", DefaultConfiguration.class)))
                  .isEqualTo("other");
              assertThat(PgHello.schema(context.getBean("open", DefaultConfiguration.class)))
                  .isEqualTo("elsewhere");
            });
  }

  private static DefaultConfiguration inOther() {
    var configuration = new DefaultConfiguration();
    PgHello.setSchema(configuration, "other");
    return configuration;
  }
}
