// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.join;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests answers that exceed the driver's limit. The driver then closes the connection. */
@PgHelloTest
@Timeout(120)
class DriverLimitsIT {
  private static final String LIMIT = "64K";
  private static final String REFUSAL = "larger than the driver's maxResultBuffer of 64000 bytes";
  private static final String TOO_LONG = "x".repeat(100_000);

  private final Heard heard = new Heard();

  @Test
  void batchesAreSentInParts(TestDatabase database) throws Exception {
    try (var pool = pool(database);
        PgHelloClient client = client(pool)) {
      var calls = new ArrayList<CompletableFuture<String>>();
      for (int i = 0; i < 4_000; i++) {
        calls.add(client.helloAsync(name(i)));
      }
      for (int i = 0; i < calls.size(); i++) {
        assertThat(join(calls.get(i))).isEqualTo("Hello, " + name(i) + "!");
      }
      assertThat(heard.repeated).isEmpty();
      // some batches were in flight when the first answer was rejected; later batches are not too
      // large
      heard.forget();
      var later = new ArrayList<CompletableFuture<String>>();
      for (int i = 0; i < 4_000; i++) {
        later.add(client.helloAsync(name(i)));
      }
      later.forEach(FaultsIT::join);
      assertThat(heard.statements).noneMatch(statement -> statement.endsWith("TOO_LARGE"));
    }
  }

  @Test
  void helloAllIsSentInParts(TestDatabase database) throws Exception {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      names.add(name(i));
    }
    try (var pool = pool(database);
        PgHelloClient client = client(pool)) {
      List<String> greetings = client.helloAll(names);
      assertThat(greetings).hasSize(2_000);
      assertThat(greetings.get(1_999)).isEqualTo("Hello, " + name(1_999) + "!");
      assertThat(greetings.get(0)).isEqualTo("Hello, " + name(0) + "!");
      assertThat(heard.statements).filteredOn(s -> s.endsWith("TOO_LARGE")).hasSize(1);
      names.set(1_500, TOO_LONG);
      FunctionCallException e = assertFails(Code.RESULT_TOO_LARGE, () -> client.helloAll(names));
      assertThat(e).hasMessageContaining("names[1500] is " + REFUSAL);
    }
  }

  @Test
  void aCallIsRefusedOnce(TestDatabase database) throws Exception {
    try (var pool = pool(database);
        PgHelloClient client = client(pool)) {
      FunctionCallException e = assertFails(Code.RESULT_TOO_LARGE, () -> client.hello(TOO_LONG));
      assertThat(e).hasMessageContaining(REFUSAL);
      assertThat(e.sqlState()).isEmpty();
      assertThat(heard.statements).containsExactly("1 RESULT_TOO_LARGE");
      assertThat(heard.repeated).isEmpty();
      // the pool does not hand out the connection again
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(heard.repeated).isEmpty();
    }
  }

  @Test
  void oversizedResultFailsOnlyItsCall(TestDatabase database) throws Exception {
    try (var pool = pool(database);
        PgHelloClient client = client(pool)) {
      // this name is short enough to be batched, but its repeated greeting exceeds the limit
      String name = "x".repeat(15_000);
      var calls = new ArrayList<CompletableFuture<String>>();
      for (int i = 0; i < 100; i++) {
        calls.add(client.helloAsync("Ada"));
      }
      CompletableFuture<String> tooLarge = client.helloAsync(name, 10);
      for (int i = 0; i < 100; i++) {
        calls.add(client.helloAsync("Ada"));
      }
      assertFails(Code.RESULT_TOO_LARGE, () -> join(tooLarge));
      calls.forEach(call -> assertThat(join(call)).isEqualTo("Hello, Ada!"));
      assertThat(heard.repeated).isEmpty();
    }
  }

  /** The transaction of the connection cannot continue. */
  @Test
  void onYourConnectionTheLimitIsNamed(TestDatabase database) throws Exception {
    try (var pool = pool(database);
        PgHelloClient client = client(pool);
        var connection = pool.getConnection()) {
      FunctionCallException e =
          assertFails(
              Code.RESULT_TOO_LARGE,
              () ->
                  client.withConnection(connection).helloAll(Collections.nCopies(1_000, name(0))));
      assertThat(e).hasMessageContaining(REFUSAL);
    }
  }

  private static String name(int i) {
    return "x".repeat(80) + i;
  }

  private PgHelloClient client(HikariDataSource pool) {
    return PgHelloClient.builder()
        .dataSource(pool)
        .schema("public")
        .listener(heard)
        .callTimeout(Duration.ofSeconds(30))
        .build();
  }

  private static HikariDataSource pool(TestDatabase database) throws Exception {
    PGSimpleDataSource dataSource = database.dataSource().unwrap(PGSimpleDataSource.class);
    dataSource.setMaxResultBuffer(LIMIT);
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(4);
    return new HikariDataSource(config);
  }
}
