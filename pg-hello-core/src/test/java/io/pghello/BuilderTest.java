// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests the options of the builder and the values that it rejects. Needs no server. */
class BuilderTest {
  private static final String URL = "jdbc:postgresql://127.0.0.1:1/app";

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
  void infoIsAValue() {
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
}
