// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ClientDefinition;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.internal.Function;
import io.pghello.internal.HelloMapper;
import io.pghello.internal.HelloRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests the options of the builder and the values that it rejects. Needs no server. */
class BuilderTest {
  private static final String URL = "jdbc:postgresql://127.0.0.1:1/app";

  @Test
  void needsOnePlaceWhereConnectionsComeFrom() {
    var dataSource = new PGSimpleDataSource();
    for (ClientBuilder<PgHelloClient> builder :
        List.of(
            PgHelloClient.builder(),
            PgHelloClient.builder().user("ada").password("secret"),
            PgHelloClient.builder().dataSource(dataSource).url(URL),
            PgHelloClient.builder().connections(dataSource::getConnection).url(URL),
            PgHelloClient.builder()
                .dataSource(dataSource)
                .connections(dataSource::getConnection))) {
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("Set exactly one of dataSource, connections and url");
    }
  }

  @Test
  void closesThePoolIfTheClientCannotBeCreated() {
    var created = new AtomicReference<BatchedFunction<HelloRequest, String>>();
    ClientBuilder<Object> builder =
        ClientDefinition.of(Function.EXTENSION, Function.HELLO_ALL, HelloMapper.INSTANCE)
            .builder(
                "acme",
                function -> {
                  created.set(function);
                  throw new IllegalStateException("no client");
                });
    builder.url(URL);
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no client");
    var request = HelloRequest.of("Ada", HelloRequest.SESSION_DEFAULT);
    assertThatThrownBy(() -> created.get().call(request))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rejectsPoolOptionsWithoutAUrl(boolean source) {
    var options =
        Map.<String, Consumer<ClientBuilder<PgHelloClient>>>of(
            "user", b -> b.user("ada"),
            "password", b -> b.password("secret"),
            "applicationName", b -> b.applicationName("mine"),
            "statementTimeout", b -> b.statementTimeout(Duration.ofSeconds(1)),
            "pool", b -> b.pool(config -> {}));
    options.forEach(
        (name, option) -> {
          ClientBuilder<PgHelloClient> builder = PgHelloClient.builder();
          option.accept(builder);
          var dataSource = new PGSimpleDataSource();
          if (source) {
            builder.connections(dataSource::getConnection);
          } else {
            builder.dataSource(dataSource);
          }
          assertThatThrownBy(builder::build)
              .isInstanceOf(IllegalStateException.class)
              .hasMessageStartingWith("Only the client's own pool (url) supports " + name + ";")
              .hasMessageNotContaining("secret");
        });
    assertThatThrownBy(
            () ->
                PgHelloClient.builder()
                    .dataSource(new PGSimpleDataSource())
                    .password("secret")
                    .user("ada")
                    .build())
        .hasMessageContaining("password, user");
  }

  @Test
  void hasExceptionsForTestsOfPrograms() {
    var error = new FunctionCallException(Code.OVERLOADED, "Too much.");
    assertThat(error).hasMessage("Too much.").hasNoCause();
    assertThat(error.code()).isEqualTo(Code.OVERLOADED);
    assertThat(error.sqlState()).isEmpty();
    assertThat(error.remedy()).isEmpty();
    assertThat(error.problem()).isEqualTo(new CallProblem(Code.OVERLOADED, "Too much.", ""));
  }

  @Test
  @SuppressWarnings("NullAway")
  void refusesNull() {
    ClientBuilder<PgHelloClient> builder = PgHelloClient.builder();
    List<Runnable> calls =
        List.of(
            () -> PgHelloClient.create(null),
            () -> builder.dataSource(null),
            () -> builder.connections(null),
            () -> builder.url(null),
            () -> builder.user(null),
            () -> builder.password(null),
            () -> builder.applicationName(null),
            () -> builder.statementTimeout(null),
            () -> builder.pool(null),
            () -> builder.schema(null),
            () -> builder.callTimeout(null),
            () -> builder.listener(null));
    for (Runnable call : calls) {
      assertThatThrownBy(call::run).isInstanceOf(NullPointerException.class);
    }
    assertThatThrownBy(() -> PgHelloClient.create(null)).hasMessage("dataSource");
    assertThatThrownBy(() -> builder.url(null)).hasMessage("url");
    assertThatThrownBy(() -> builder.schema(null)).hasMessage("schema");
    assertThatThrownBy(() -> builder.statementTimeout(null)).hasMessage("timeout");
    try (PgHelloClient client = PgHelloClient.create(new PGSimpleDataSource())) {
      assertThatThrownBy(() -> client.hello(null)).hasMessage("name");
      assertThatThrownBy(() -> client.helloAll(null)).hasMessage("names");
      assertThatThrownBy(() -> client.helloAllAsync(null)).hasMessage("names");
      assertThatThrownBy(() -> client.helloEach((Iterable<String>) null, names -> {}))
          .hasMessage("names");
      assertThatThrownBy(() -> client.helloEach((Stream<String>) null, names -> {}))
          .hasMessage("names");
      assertThatThrownBy(() -> client.withTimeout(null)).hasMessage("timeout");
    }
  }

  @Test
  void namesAnAnonymousDataSourceToo() {
    try (PgHelloClient client = PgHelloClient.create(new PGSimpleDataSource() {})) {
      assertThat(client)
          .hasToString("PgHelloClient[BuilderTest$1, timeout 5000 ms, batching 2 x 1024]");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "postgresql://ada:secret@localhost/app",
        "jdbc:mysql://localhost/app?password=secret",
        " jdbc:postgresql://localhost/app?password=secret"
      })
  void refusesAUrlOfAnotherKindWithoutRepeatingIt(String url) {
    assertThatThrownBy(() -> PgHelloClient.builder().url(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("The URL does not begin with jdbc:postgresql:")
        .hasNoCause();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://localhost:99999999/app?password=secret",
        "jdbc:postgresql://ada:secret@localhost/app",
        "jdbc:postgresql://secret@localhost",
        "jdbc:postgresql://,/app?password=secret",
        "jdbc:postgresql:?password=%zzsecret"
      })
  void errorForInvalidUrlContainsNoSecret(String url) {
    assertThatThrownBy(() -> PgHelloClient.builder().url(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessageNotContaining("secret");
  }

  @Test
  void errorForUnreachableServerContainsNoPassword() {
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url("jdbc:postgresql://127.0.0.1:1/app?user=ada&password=secret")
            .pool(config -> config.setConnectionTimeout(250))
            .build()) {
      assertThatThrownBy(() -> client.hello("Ada"))
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> {
                assertThat(e.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE);
                BuilderIT.assertKeepsSecret(e);
              });
    }
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        refused(b -> b.callTimeout(Duration.ZERO), "call is PT0S; it must be at least 1 ms"),
        refused(b -> b.callTimeout(Duration.ofMillis(-1)), "it must be at least 1 ms"),
        refused(b -> b.callTimeout(Duration.ofNanos(999_999)), "it must be at least 1 ms"),
        refused(b -> b.callTimeout(Duration.ofDays(20)), "PT480H; it must be at least 1 ms and"),
        refused(b -> b.callTimeout(Duration.ofSeconds(Long.MAX_VALUE)), "less than 20 days"),
        refused(b -> b.callTimeout(Duration.ofSeconds(Long.MIN_VALUE)), "less than 20 days"),
        refused(b -> view().withTimeout(Duration.ZERO), "it must be at least 1 ms"),
        refused(b -> view().withTimeout(Duration.ofDays(20)), "less than 20 days"),
        refused(b -> b.statementTimeout(Duration.ofNanos(-1)), "it must be 0, or between 1 ms and"),
        refused(b -> b.statementTimeout(Duration.ofNanos(1)), "timeout is PT0.000000001S; it must"),
        refused(b -> b.statementTimeout(Duration.ofDays(30)), "between 1 ms and 24 days"),
        refused(
            b -> b.statementTimeout(Duration.ofSeconds(Long.MAX_VALUE)),
            "between 1 ms and 24 days"),
        refused(b -> b.schema(""), "The name of the schema is empty or contains U+0000"),
        refused(b -> b.schema("a\0b"), "The name of the schema is empty or contains U+0000"),
        refused(b -> b.maxBatchSize(0), "The batch size is 0; it must be 1 or more"),
        refused(b -> b.maxBatchSize(-5), "The batch size is -5; it must be 1 or more"),
        refused(b -> b.maxBatchBytes(0), "bytes of a batch is 0; it must be 1 or more"),
        refused(b -> b.maxInFlightBatches(0), "batches in flight is 0; it must be 1 or more"),
        refused(b -> b.maxQueuedCalls(0), "waiting calls is 0; it must be 1 or more"),
        refused(b -> b.maxQueuedBytes(Integer.MIN_VALUE), "waiting bytes is -2147483648; it"));
  }

  private static PgHelloOperations view() {
    return PgHelloClient.create(new PGSimpleDataSource());
  }

  private static Arguments refused(Consumer<ClientBuilder<PgHelloClient>> setting, String message) {
    return Arguments.of(setting, message);
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusesAValueThatCannotBe(Consumer<ClientBuilder<PgHelloClient>> setting, String message) {
    assertThatThrownBy(() -> setting.accept(PgHelloClient.builder()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 11, -1, Integer.MAX_VALUE})
  void refusesADefaultCountOutsideOneToTen(int repeat) {
    for (Runnable call :
        List.<Runnable>of(
            () -> PgHelloClient.builder(repeat),
            () -> PgHelloClient.create(new PGSimpleDataSource()).withRepeat(repeat))) {
      assertThatThrownBy(call::run)
          .isInstanceOfSatisfying(
              FunctionCallException.class,
              e -> assertThat(e.code()).isEqualTo(Code.INVALID_ARGUMENT))
          .hasMessageContaining(Integer.toString(repeat));
    }
  }

  @Test
  void makesAPoolAsDocumented() {
    HikariConfig pool = poolOf(PgHelloClient.builder().url(URL), config -> {});
    assertThat(pool.getJdbcUrl()).isEqualTo(URL);
    assertThat(pool.getMaximumPoolSize()).isEqualTo(20);
    assertThat(pool.getMinimumIdle()).isZero();
    assertThat(pool.getIdleTimeout()).isEqualTo(30_000);
    assertThat(pool.getConnectionTimeout()).isEqualTo(2_000);
    assertThat(pool.getMaxLifetime()).isEqualTo(1_800_000);
    assertThat(pool.getConnectionInitSql()).isNull();
    assertThat(pool.getDataSourceProperties()).containsEntry("ApplicationName", "pg-hello");
    assertThat(pool.getUsername()).isNull();
    assertThat(pool.getPassword()).isNull();
  }

  @Test
  void letsEverythingOfThePoolBeChanged() {
    HikariConfig pool =
        poolOf(
            PgHelloClient.builder()
                .url(URL)
                .user("ada")
                .password("secret")
                .applicationName("mine")
                .statementTimeout(Duration.ZERO),
            config -> {
              config.setMaximumPoolSize(3);
              config.setIdleTimeout(40_000);
              config.setConnectionTimeout(1_000);
              config.setMaxLifetime(60_000);
            });
    assertThat(pool.getUsername()).isEqualTo("ada");
    assertThat(pool.getPassword()).isEqualTo("secret");
    assertThat(pool.getDataSourceProperties()).containsEntry("ApplicationName", "mine");
    assertThat(pool.getConnectionInitSql()).isNull();
    assertThat(pool.getMaximumPoolSize()).isEqualTo(3);
    assertThat(pool.getIdleTimeout()).isEqualTo(40_000);
    assertThat(pool.getConnectionTimeout()).isEqualTo(1_000);
    assertThat(pool.getMaxLifetime()).isEqualTo(60_000);
  }

  private static HikariConfig poolOf(
      ClientBuilder<PgHelloClient> builder, Consumer<HikariConfig> settings) {
    var seen = new HikariConfig[1];
    builder.pool(
        config -> {
          settings.accept(config);
          seen[0] = config;
        });
    builder.build().close();
    return seen[0];
  }

  @Test
  void makesNoConnectionBeforeTheFirstCall() {
    PgHelloClient client =
        PgHelloClient.builder()
            .connections(
                () -> {
                  throw new AssertionError("must not be asked");
                })
            .build();
    assertThatThrownBy(() -> client.withRepeat(0)).isInstanceOf(FunctionCallException.class);
    assertThat(client.withRepeat(3).toString()).contains("repeat 3");
    client.close();
  }

  @Test
  void toStringDescribesTheClientWithoutSecrets() {
    var dataSource = new PGSimpleDataSource();
    dataSource.setUrl("jdbc:postgresql://secret-host/secret-database");
    dataSource.setUser("secret");
    dataSource.setPassword("secret");
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(client)
        .hasToString("PgHelloClient[PGSimpleDataSource, timeout 5000 ms, batching 2 x 1024]");
    PgHelloClient other =
        PgHelloClient.builder(3)
            .dataSource(dataSource)
            .schema("Odd \"one\"")
            .batching(false)
            .callTimeout(Duration.ofMillis(20))
            .build();
    assertThat(other)
        .hasToString(
            "PgHelloClient[PGSimpleDataSource, schema \"Odd \"\"one\"\"\", timeout 20"
                + " ms, not batching, repeat 3]");
    try (PgHelloClient own =
        PgHelloClient.builder()
            .url("jdbc:postgresql://secret-host/secret?password=secret")
            .user("secret")
            .password("secret")
            .build()) {
      assertThat(own.toString()).doesNotContain("secret", "jdbc:").contains("ManagedPool");
    }
  }

  @Test
  void transientErrorsAreRetryable() {
    assertThat(Stream.of(Code.values()).filter(Code::isRetryable))
        .containsExactlyInAnyOrderElementsOf(
            EnumSet.of(
                Code.CONNECTION_UNAVAILABLE,
                Code.CONNECTION_LOST,
                Code.TIMEOUT,
                Code.CANCELLED_BY_SERVER,
                Code.OVERLOADED));
  }

  @Test
  void problemsAndInfoAreValues() {
    var problem = new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update.");
    assertThat(problem)
        .isEqualTo(new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update."))
        .hasSameHashCodeAs(new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update."))
        .hasToString("Old. Update.")
        .isNotEqualTo(new CallProblem(Code.NOT_CREATED, "Old.", "Update."))
        .isNotEqualTo(new CallProblem(Code.VERSION_TOO_OLD, "New.", "Update."))
        .isNotEqualTo(new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update.", Set.of("now_ms()")))
        .isNotEqualTo(new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Downgrade."))
        .isNotEqualTo("Old. Update.");
    var functions = new HashSet<>(Set.of("now_ms()"));
    var info = new PgHelloInfo("17.5", "1.1", "public", 1, functions);
    functions.clear();
    assertThat(info.functions()).containsExactly("now_ms()");
    var same = new PgHelloInfo("17.5", "1.1", "public", 1, Set.of("now_ms()"));
    assertThat(info)
        .isEqualTo(same)
        .hasSameHashCodeAs(same)
        .hasToString(
            "PgHelloInfo[serverVersion=17.5, extensionVersion=1.1, schema=public, defaultRepeat=1,"
                + " functions=[now_ms()]]");
    assertThat(
            List.of(
                new PgHelloInfo("18.0", "1.1", "public", 1, info.functions()),
                new PgHelloInfo("17.5", "1.0", "public", 1, info.functions()),
                new PgHelloInfo("17.5", "1.1", "other", 1, info.functions()),
                new PgHelloInfo("17.5", "1.1", "public", 2, info.functions()),
                new PgHelloInfo("17.5", "1.1", "public", 1, Set.of())))
        .doesNotContain(info);
  }

  @Test
  void anExceptionIsMadeOfAProblem() {
    var problem = new CallProblem(Code.VERSION_TOO_OLD, "Old.", "Update.");
    var cause = new IOException("lost");
    assertThat(new FunctionCallException(problem, "42883", cause))
        .hasMessage("Old. Update.")
        .hasCause(cause)
        .satisfies(e -> assertThat(e.problem()).isSameAs(problem))
        .satisfies(e -> assertThat(e.sqlState()).contains("42883"));
    var bare = new FunctionCallException(problem, null, null);
    assertThat(bare).hasNoCause();
    assertThat(bare.sqlState()).isEmpty();
  }
}
