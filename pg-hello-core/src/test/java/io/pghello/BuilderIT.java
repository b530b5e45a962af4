// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.join;
import static io.pghello.FaultsIT.slow;
import static io.pghello.FaultsIT.terminate;
import static io.pghello.PgHelloClientIT.ask;
import static io.pghello.PgHelloClientIT.execute;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.CallListener.Kind;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.util.PSQLException;

/** Tests clients with different settings, and calls for many names. */
@PgHelloTest
class BuilderIT {
  private static final String SECRET = "secret-name";

  /**
   * The scopes that listeners open around a statement, for example of spans, must nest correctly.
   */
  @Test
  void listenersAreNotifiedInReverseOrderWhenAStatementEnds(DataSource dataSource) {
    var told = new ArrayList<String>();
    try (PgHelloClient client =
        PgHelloClient.builder()
            .dataSource(dataSource)
            .listener(noting(told, "first"))
            .listener(noting(told, "second"))
            .build()) {
      client.hello("Ada");
    }
    assertThat(told)
        .containsExactly("first starting", "second starting", "second ended", "first ended");
  }

  private static CallListener noting(List<String> told, String name) {
    return new CallListener() {
      @Override
      public void statementStarted(StatementStarted event) {
        told.add(name + " starting");
      }

      @Override
      public void statementEnded(StatementEnded event) {
        told.add(name + " ended");
      }
    };
  }

  @Tag("session") // counts a client's sessions
  @Test
  void createsAndClosesItsPoolIfGivenAUrl(TestDatabase database, @Superuser DataSource superuser)
      throws Exception {
    PgHelloClient client = PgHelloClient.builder().url(database.jdbcUrl()).build();
    Load.burst(client, 256);
    assertThat(sessions(superuser, "pg-hello")).isBetween(1, 20);
    assertThat(client.toString()).doesNotContain("jdbc:", "password");
    client.close();
    awaitNoSession(superuser, "pg-hello");
    assertFails(Code.CLOSED, () -> client.hello("Ada"));
  }

  @Tag("session") // the timeout is not set behind a pooler
  @Test
  void usesTheConfiguredLoginAndPoolOptions(TestDatabase database, @Superuser DataSource superuser)
      throws Exception {
    PGSimpleDataSource login = database.dataSource().unwrap(PGSimpleDataSource.class);
    String url = database.jdbcUrl().replaceFirst("\\?.*", "");
    try (PgHelloClient client =
        PgHelloClient.builder()
            .url(url)
            .user(String.valueOf(login.getUser()))
            .password(String.valueOf(login.getPassword()))
            .applicationName("it's \"mine\"")
            .statementTimeout(Duration.ofSeconds(1))
            .pool(config -> config.setMaximumPoolSize(2))
            .build()) {
      Load.burst(client, 256);
      assertThat(sessions(superuser, "it's \"mine\"")).isBetween(1, 2);
      slow(superuser, 20);
      assertFails(Code.CANCELLED_BY_SERVER, () -> client.hello("Ada"));
    }
    awaitNoSession(superuser, "it's \"mine\"");
  }

  @Tag("session") // the timeout is not set behind a pooler
  @Test
  void limitsOnlyStatementsOfSessionsInItsPool(
      TestDatabase database, @Superuser DataSource superuser) throws SQLException {
    execute(
        superuser,
        "CREATE OR REPLACE FUNCTION spi_version() RETURNS text LANGUAGE sql STABLE STRICT PARALLEL"
            + " SAFE AS $$ SELECT current_setting('statement_timeout') $$");
    try (PgHelloClient own =
            PgHelloClient.builder().url(database.jdbcUrl()).schema("public").build();
        PgHelloClient patient =
            PgHelloClient.builder()
                .url(database.jdbcUrl())
                .schema("public")
                .callTimeout(Duration.ofSeconds(20))
                .build();
        PgHelloClient other =
            PgHelloClient.builder()
                .url(database.jdbcUrl())
                .schema("public")
                .statementTimeout(Duration.ofMillis(1234))
                .build();
        PgHelloClient none =
            PgHelloClient.builder()
                .url(database.jdbcUrl())
                .schema("public")
                .statementTimeout(Duration.ZERO)
                .build()) {
      assertThat(own.spiVersion()).isEqualTo("5s");
      assertThat(patient.spiVersion()).isEqualTo("20s");
      assertThat(other.spiVersion()).isEqualTo("1234ms");
      assertThat(none.spiVersion()).isEqualTo(ask(database.dataSource(), "SHOW statement_timeout"));
    }
  }

  @Test
  void waitsForItsPoolAsLongAsDocumented(TestDatabase database, WireProxy proxy) throws Exception {
    String url =
        database.jdbcUrl().replaceFirst("//[^/]*", "//" + proxy.host() + ":" + proxy.port());
    try (PgHelloClient client =
        PgHelloClient.builder().url(url).callTimeout(Duration.ofMinutes(1)).build()) {
      client.hello("Ada");
      // the pool validates connections that were idle for half a second before it hands them out
      Thread.sleep(800);
      proxy.pause();
      long begin = System.nanoTime();
      assertFails(Code.CONNECTION_UNAVAILABLE, () -> client.hello("Ada"));
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(30));
      proxy.resume();
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void leavesTheDataSourceOfTheCallerOpen(DataSource dataSource) throws SQLException {
    try (var pool = new HikariDataSource()) {
      pool.setDataSource(dataSource);
      PgHelloClient client = PgHelloClient.create(pool);
      client.hello("Ada");
      client.close();
      assertThat(pool.isClosed()).isFalse();
      assertThat(PgHelloClient.create(pool).hello("Ada")).isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void endsAtTheTimeoutOfACall(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    slow(superuser, 30);
    for (int millis : new int[] {1, 100, 700}) {
      PgHelloClient client =
          PgHelloClient.builder()
              .dataSource(dataSource)
              .schema("public")
              .callTimeout(Duration.ofMillis(millis))
              .build();
      long begin = System.nanoTime();
      FunctionCallException error = assertFails(Code.TIMEOUT, () -> client.hello("Ada"));
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isBetween(Duration.ofMillis(millis / 2), Duration.ofMillis(millis + 15_000));
      assertThat(error).hasMessageContaining(millis + " ms");
    }
  }

  @Test
  void notifiesListenerOfCallsAndStatements(DataSource dataSource) throws Exception {
    var heard = new Heard();
    PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).listener(heard).build();
    client.hello("Ada");
    client.hello("Ada", 2);
    client.withRepeat(2).hello("Ada");
    client.helloAll(List.of("Ada", "Zoë", "Bob"));
    client.helloEach(Stream.of("Ada", "Zoë"), greeting -> {});
    client.now();
    client.spiVersion();
    client.info();
    assertThat(heard.calls)
        .containsExactly(
            "pg_hello(text)",
            "pg_hello(text,integer)",
            "pg_hello(text,integer)",
            "pg_hello_all(text[],integer[])",
            "pg_hello_all(text[],integer[])",
            "now_ms()",
            "spi_version()");
    assertThat(heard.statements).containsExactly("1", "1", "1", "3", "2", "1", "1", "1");
    assertThat(heard.kinds)
        .containsExactly(
            Kind.SINGLE,
            Kind.SINGLE,
            Kind.SINGLE,
            Kind.BULK,
            Kind.BULK,
            Kind.SINGLE,
            Kind.SINGLE,
            Kind.SINGLE);
    assertThat(heard.waited).containsOnly(0L);
    assertThat(heard.nanos).allMatch(nanos -> nanos > 0);
    heard.forget();

    List<CompletableFuture<String>> futures =
        IntStream.range(0, 500).mapToObj(i -> client.helloAsync("u" + i)).toList();
    futures.forEach(FaultsIT::join);
    client.close();
    assertThat(heard.calls).hasSize(500).containsOnly("pg_hello(text)");
    assertThat(heard.kinds).contains(Kind.BATCH).doesNotContain(Kind.BULK);
    assertThat(heard.waited).allMatch(nanos -> nanos >= 0).anyMatch(nanos -> nanos > 0);
    assertThat(heard.statements.stream().mapToInt(Integer::parseInt).sum()).isEqualTo(500);
    heard.forget();
    assertFails(Code.CLOSED, () -> client.hello("Ada"));
    assertThat(heard.statements).isEmpty();
  }

  @Test
  void notifiesListenerOfTheOutcomeOfFutures(DataSource dataSource, WireProxy proxy)
      throws Exception {
    var heard = new Heard();
    Code code;
    try (PgHelloClient client =
        PgHelloClient.builder().dataSource(dataSource).listener(heard).build()) {
      client.hello("Ada");
      heard.forget();
      proxy.pause();
      CompletableFuture<String> cancelled = client.helloAsync("Ada");
      CompletableFuture<String> completed = client.helloAsync("Ada");
      CompletableFuture<String> failed = client.helloAsync("Ada");
      CompletableFuture<String> hasty = client.helloAsync("Ada").orTimeout(1, MILLISECONDS);
      CompletableFuture<String> timedOut =
          client.withTimeout(Duration.ofMillis(200)).helloAsync("Ada");
      assertThat(cancelled.cancel(true)).isTrue();
      assertThat(completed.complete(SECRET)).isTrue();
      assertThat(failed.completeExceptionally(new IllegalStateException(SECRET))).isTrue();
      assertThat(cancelled.cancel(true)).isTrue();
      assertThat(completed.cancel(true)).isFalse();
      assertThat(completed).isCompletedWithValue(SECRET);
      // the code depends on whether the statement is already waiting for a connection
      code = failure(() -> join(timedOut));
      assertThat(code).isIn(Code.TIMEOUT, Code.CONNECTION_UNAVAILABLE);
      assertThat(hasty).failsWithin(Duration.ofSeconds(20));
      proxy.resume();
      client.hello("Ada");
    }
    assertThat(heard.calls)
        .containsExactlyInAnyOrder(
            "pg_hello(text) CANCELLED_BY_CALLER",
            "pg_hello(text) CANCELLED_BY_CALLER",
            "pg_hello(text) CANCELLED_BY_CALLER",
            "pg_hello(text) CANCELLED_BY_CALLER",
            "pg_hello(text) " + code,
            "pg_hello(text)");
    assertThat(heard.errors).hasSize(5).allSatisfy(BuilderIT::assertKeepsSecret);
  }

  @Test
  void notifiesListenerBeforeDependentsOfTheFutureRun(DataSource dataSource, WireProxy proxy)
      throws Exception {
    var heard = new Heard();
    try (PgHelloClient client =
        PgHelloClient.builder().dataSource(dataSource).listener(heard).build()) {
      client.hello("Ada");
      heard.forget();
      proxy.pause();
      CompletableFuture<Integer> told =
          client.helloAsync("Ada").thenApply(greeting -> heard.calls.size());
      CompletableFuture<String> cancelled = client.helloAsync("Ada");
      CompletableFuture<Integer> toldThen =
          cancelled.handle((greeting, error) -> heard.calls.size());
      cancelled.cancel(false);
      assertThat(toldThen).isCompletedWithValue(1);
      proxy.resume();
      assertThat(told.get(20, SECONDS)).isEqualTo(2);
    }
  }

  @Test
  void notifiesListenerOfFailures(TestDatabase database) throws SQLException {
    PGSimpleDataSource nowhere = database.dataSource().unwrap(PGSimpleDataSource.class);
    nowhere.setPortNumbers(new int[] {1});
    var heard = new Heard();
    try (PgHelloClient client =
        PgHelloClient.builder().dataSource(nowhere).listener(heard).build()) {
      assertFails(Code.CONNECTION_UNAVAILABLE, () -> client.hello("Ada"));
      assertFails(Code.CONNECTION_UNAVAILABLE, client::now);
      assertFails(Code.CONNECTION_UNAVAILABLE, () -> join(client.helloAsync("Ada")));
      assertThat(heard.statements).containsOnly("1 CONNECTION_UNAVAILABLE").hasSize(3);
    }
    assertThat(heard.calls)
        .containsExactly(
            "pg_hello(text) CONNECTION_UNAVAILABLE",
            "now_ms() CONNECTION_UNAVAILABLE",
            "pg_hello(text) CONNECTION_UNAVAILABLE");
  }

  @Test
  void callsSucceedIfTheListenerThrows(DataSource dataSource, @Superuser DataSource superuser)
      throws Exception {
    var listener =
        new CallListener() {
          @Override
          public void callEnded(CallEnded event) {
            throw new IllegalStateException("call");
          }

          @Override
          public void statementEnded(StatementEnded event) {
            throw new IllegalStateException("statement");
          }

          @Override
          public void retrying(Retrying event) {
            throw new IllegalStateException("repetition");
          }
        };
    Logger log = Logger.getLogger("io.pghello");
    log.setLevel(Level.OFF);
    try (var connections = new KeptConnections(dataSource, 1);
        PgHelloClient client =
            PgHelloClient.builder().connections(connections).listener(listener).build()) {
      SessionsIT.callAll(client, 1);
      terminate(superuser);
      SessionsIT.callAll(client, 1);
      Load.burst(client, 32);
      assertFails(Code.INVALID_ARGUMENT, () -> client.hello("\0"));
    } finally {
      log.setLevel(null);
    }
  }

  @Test
  void greetsManyInTheirOrder(DataSource dataSource) {
    PgHelloClient client = PgHelloClient.create(dataSource);
    assertThat(client.helloAll(List.of())).isEmpty();
    assertThat(client.helloAll(List.of("b", "a", "", "b", "NULL", "{}", ",", "\"\\'")))
        .containsExactly(
            "Hello, b!",
            "Hello, a!",
            "Hello, !",
            "Hello, b!",
            "Hello, NULL!",
            "Hello, {}!",
            "Hello, ,!",
            "Hello, \"\\'!");
    List<String> many = IntStream.range(0, 5_000).mapToObj(i -> "u" + i % 700).toList();
    List<String> greetings = client.helloAll(many);
    assertThat(greetings).isEqualTo(many.stream().map(name -> "Hello, " + name + "!").toList());
    assertThatThrownBy(() -> greetings.add("more"))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(client.helloEach(Collections.emptyIterator(), greeting -> {})).isZero();
    assertThat(client.helloEach(Stream.empty(), greeting -> {})).isZero();
  }

  @Test
  void takesOneRoundTripABatch(DataSource dataSource, WireProxy proxy) throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      var one = new OneConnection(connection);
      PgHelloClient client = PgHelloClient.create(one);
      client.helloAll(List.of("Ada"));
      List<String> names = IntStream.range(0, 2_500).mapToObj(i -> "u" + i).toList();
      proxy.assertRoundTrips(3, () -> assertThat(client.helloAll(names)).hasSize(2_500));
      proxy.assertRoundTrips(3, () -> client.helloEach(names.iterator(), greeting -> {}));
      proxy.assertRoundTrips(1, () -> client.helloAll(names.subList(0, 1_024)));
      proxy.assertRoundTrips(2, () -> client.helloAll(names.subList(0, 1_025)));
      proxy.assertRoundTrips(0, () -> client.helloAll(List.of()));
      PgHelloClient small =
          PgHelloClient.builder().dataSource(one).schema("public").maxBatchSize(10).build();
      proxy.assertRoundTrips(10, () -> small.helloAll(names.subList(0, 100)));
      PgHelloClient light =
          PgHelloClient.builder().dataSource(one).schema("public").maxBatchBytes(10).build();
      // each name has five bytes
      proxy.assertRoundTrips(5, () -> light.helloAll(Collections.nCopies(10, "Zoë5")));
    }
  }

  @Test
  void notifiesListenerOfCallsRejectedBeforeSending(DataSource dataSource) {
    var heard = new Heard();
    PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).listener(heard).build();
    assertFails(Code.INVALID_ARGUMENT, () -> client.hello("\0"));
    assertFails(Code.INVALID_ARGUMENT, () -> client.hello("\0", 2));
    assertFails(Code.INVALID_ARGUMENT, () -> client.hello("Ada", 11));
    assertFails(Code.INVALID_ARGUMENT, () -> client.helloAsync("\0").join());
    assertFails(Code.INVALID_ARGUMENT, () -> client.helloAsync("\0", 2).join());
    assertFails(Code.INVALID_ARGUMENT, () -> client.helloAsync("Ada", 0).join());
    assertFails(Code.INVALID_ARGUMENT, () -> client.helloAll(List.of("Ada", "\0")));
    assertFails(Code.INVALID_ARGUMENT, () -> client.helloAllAsync(List.of("Ada", "\0")).join());
    assertFails(Code.INVALID_ARGUMENT, () -> client.helloEach(List.of("\0"), greeting -> {}));
    assertThat(heard.calls)
        .containsExactly(
            "pg_hello(text) INVALID_ARGUMENT",
            "pg_hello(text,integer) INVALID_ARGUMENT",
            "pg_hello(text,integer) INVALID_ARGUMENT",
            "pg_hello(text) INVALID_ARGUMENT",
            "pg_hello(text,integer) INVALID_ARGUMENT",
            "pg_hello(text,integer) INVALID_ARGUMENT",
            "pg_hello_all(text[],integer[]) INVALID_ARGUMENT",
            "pg_hello_all(text[],integer[]) INVALID_ARGUMENT",
            "pg_hello_all(text[],integer[]) INVALID_ARGUMENT");
    assertThat(heard.statements).isEmpty();
  }

  @Test
  @SuppressWarnings("NullAway")
  void sendsNothingIfOneOfAllIsBad(DataSource dataSource, WireProxy proxy) throws Exception {
    PgHelloClient client = PgHelloClient.create(dataSource);
    List<String> names = new ArrayList<>(Collections.nCopies(2_000, "secret"));
    proxy.assertRoundTrips(
        0,
        () -> {
          names.set(1_999, "secret\0");
          assertThat(assertFails(Code.INVALID_ARGUMENT, () -> client.helloAll(names)))
              .hasMessageContaining("names[1999]")
              .hasMessageContaining("index 6")
              .hasMessageNotContaining("secret");
          names.set(3, null);
          assertThatThrownBy(() -> client.helloAll(names))
              .isInstanceOf(NullPointerException.class)
              .hasMessage("names[3]");
          assertThatThrownBy(() -> client.helloAll(null)).isInstanceOf(NullPointerException.class);
        });
    assertThat(proxy.connections()).isZero();
  }

  @Test
  void greetsEachInConstantMemory(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      greetEachInConstantMemory(PgHelloClient.create(new OneConnection(connection)));
    }
  }

  private static void greetEachInConstantMemory(PgHelloClient client) {
    int names = 300_000;
    var ahead = new AtomicLong();
    var greeted = new AtomicLong();
    var most = new AtomicLong();
    var progress = new ArrayList<Long>();
    Iterator<String> iterator =
        LongStream.range(0, names)
            .peek(i -> most.accumulateAndGet(ahead.incrementAndGet(), Math::max))
            .mapToObj(i -> "u" + i)
            .iterator();
    long count =
        client.helloEach(
            iterator,
            greeting -> {
              long number = greeted.getAndIncrement();
              if (!greeting.equals("Hello, u" + number + "!")) {
                throw new AssertionError(greeting + " is not that of " + number);
              }
              ahead.decrementAndGet();
            },
            progress::add);
    assertThat(count).isEqualTo(names);
    assertThat(greeted).hasValue(names);
    // one batch, and possibly one name that was read ahead
    assertThat(most.get()).isLessThanOrEqualTo(1_025);
    assertThat(progress)
        .hasSize((names + 1_023) / 1_024)
        .isSorted()
        .doesNotHaveDuplicates()
        .endsWith((long) names);
  }

  @Test
  @SuppressWarnings("NullAway")
  void greetsEachBeforeABadOne(DataSource dataSource) {
    PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).maxBatchSize(2).build();
    for (String bad : Arrays.asList("secret\0", null)) {
      for (int before : new int[] {0, 1, 2, 3, 4}) {
        var names = new ArrayList<String>(Collections.nCopies(before, "Ada"));
        names.add(bad);
        names.add("never");
        var greetings = new ArrayList<String>();
        var progress = new ArrayList<Long>();
        assertThatThrownBy(() -> client.helloEach(names.iterator(), greetings::add, progress::add))
            .isInstanceOf(bad == null ? NullPointerException.class : FunctionCallException.class)
            .hasMessageContaining("names[" + before + "]")
            .hasMessageNotContaining("secret");
        assertThat(greetings).isEqualTo(Collections.nCopies(before, "Hello, Ada!"));
        assertThat(progress.stream().mapToLong(Long::longValue).max().orElse(0)).isEqualTo(before);
      }
    }
  }

  @Test
  void helloEachFailsAfterTheBatchIfTheClientWasClosed(DataSource dataSource) {
    var greeted = new ArrayList<String>();
    PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).maxBatchSize(2).build();
    assertFails(
        Code.CLOSED,
        () ->
            client.helloEach(
                List.of("a", "b", "c").iterator(),
                greeting -> {
                  greeted.add(greeting);
                  client.close();
                }));
    assertThat(greeted).containsExactly("Hello, a!", "Hello, b!");
  }

  @Test
  void closesTheStream(DataSource dataSource) {
    PgHelloClient client = PgHelloClient.create(dataSource);
    var closed = new AtomicBoolean();
    Stream<String> good = Stream.of("Ada").onClose(() -> closed.set(true));
    assertThat(client.helloEach(good, greeting -> {})).isEqualTo(1);
    assertThat(closed).isTrue();
    closed.set(false);
    Stream<String> bad = Stream.of("Ada", "\0").onClose(() -> closed.set(true));
    assertFails(Code.INVALID_ARGUMENT, () -> client.helloEach(bad, greeting -> {}));
    assertThat(closed).isTrue();
  }

  @Test
  void takesNoConnectionWhileTheConsumerRuns(DataSource dataSource) throws SQLException {
    try (var pool = new HikariDataSource()) {
      pool.setDataSource(dataSource);
      pool.setMaximumPoolSize(1);
      pool.setConnectionTimeout(20_000);
      PgHelloClient client = PgHelloClient.create(pool);
      var greetings = new ArrayList<String>();
      client.helloEach(
          List.of("Ada", "Zoë").iterator(), greeting -> greetings.add(client.hello("Bob")));
      assertThat(greetings).containsExactly("Hello, Bob!", "Hello, Bob!");
      var failure = new IllegalStateException("consumer");
      assertThatThrownBy(
              () ->
                  client.helloEach(
                      List.of("Ada").iterator(),
                      greeting -> {
                        throw failure;
                      }))
          .isSameAs(failure);
      assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
    }
  }

  @Tag("session") // a setting of the database, which only new sessions have
  @Test
  void infoDescribesServerAndExtension(DataSource dataSource, @Superuser DataSource superuser)
      throws SQLException {
    PgHelloInfo info = PgHelloClient.create(dataSource).info();
    assertThat(info)
        .isEqualTo(
            new PgHelloInfo(
                ask(dataSource, "SHOW server_version"),
                NativeExtension.fromClassPath("pg_hello").version(),
                "public",
                1,
                Arrays.stream(Function.values())
                    .map(Function::signature)
                    .collect(Collectors.toSet())));
    String database = ask(superuser, "SELECT quote_ident(current_database())");
    String role = ask(dataSource, "SELECT quote_ident(current_user)");
    execute(superuser, "ALTER DATABASE " + database + " SET pg_hello.repeat = 4");
    assertThat(PgHelloClient.create(dataSource).info().defaultRepeat()).isEqualTo(4);
    execute(
        superuser, "ALTER ROLE " + role + " IN DATABASE " + database + " SET pg_hello.repeat = 10");
    assertThat(PgHelloClient.create(dataSource).info().defaultRepeat()).isEqualTo(10);
    assertThat(PgHelloClient.create(dataSource).withRepeat(7).info().defaultRepeat()).isEqualTo(7);
    assertThat(PgHelloClient.builder(2).dataSource(dataSource).build().info().defaultRepeat())
        .isEqualTo(2);
  }

  /**
   * Errors contain no name, even if the server is configured to include parameters in its errors.
   */
  @Tag("session") // ends sessions, which are not the client's connections
  @Test
  void exceptionsNeverContainTheName(
      DataSource dataSource,
      @Superuser DataSource superuser,
      TestDatabase database,
      WireProxy proxy)
      throws Exception {
    String name = ask(superuser, "SELECT quote_ident(current_database())");
    execute(superuser, "ALTER DATABASE " + name + " SET log_parameter_max_length_on_error = -1");
    assertThat(ask(dataSource, "SHOW log_parameter_max_length_on_error")).isEqualTo("-1");
    Set<Code> seen = EnumSet.noneOf(Code.class);
    try (var connections = new KeptConnections(dataSource, 1);
        PgHelloClient hasty =
            PgHelloClient.builder()
                .connections(connections)
                .schema("public")
                .callTimeout(Duration.ofMillis(200))
                .build()) {
      PgHelloClient client =
          PgHelloClient.builder()
              .connections(connections)
              .schema("public")
              .retryOnConnectionLoss(false)
              .callTimeout(Duration.ofSeconds(20))
              .build();
      seen.add(failure(() -> client.hello(SECRET + "\0")));
      seen.add(failure(() -> client.hello(SECRET, 11)));
      terminate(superuser);
      seen.add(failure(() -> client.hello(SECRET)));
      client.hello("Ada");
      proxy.resetConnections();
      seen.add(failure(() -> client.helloAll(List.of(SECRET, SECRET))));

      slow(superuser, 5);
      CompletableFuture<String> ended = client.helloAsync(SECRET);
      String busy =
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname ="
              + " current_database() AND wait_event = 'PgSleep'";
      while (ask(superuser, busy).equals("0") && !ended.isDone()) {
        Thread.sleep(10);
      }
      seen.add(failure(() -> join(ended)));
      seen.add(failure(() -> hasty.hello(SECRET)));
      seen.add(failure(() -> join(hasty.helloAsync(SECRET))));
      try (Connection limited = dataSource.getConnection()) {
        ask(limited, "SELECT set_config('statement_timeout', '100', false)");
        seen.add(failure(() -> client.withConnection(limited).hello(SECRET)));
        ask(limited, "SELECT set_config('statement_timeout', '0', false)");
        limited.setAutoCommit(false);
        assertThatThrownBy(() -> ask(limited, "SELECT 1 / 0")).isInstanceOf(SQLException.class);
        seen.add(failure(() -> client.withConnection(limited).hello(SECRET)));
      }
      answer(superuser, "RAISE EXCEPTION 'something'");
      seen.add(failure(() -> client.hello(SECRET)));
      answer(superuser, "RAISE EXCEPTION 'something' USING ERRCODE = '42883'");
      seen.add(failure(() -> client.hello(SECRET)));
      answer(superuser, "RAISE EXCEPTION 'something' USING ERRCODE = '58P01'");
      seen.add(failure(() -> client.hello(SECRET)));
      answer(superuser, "RAISE EXCEPTION 'something' USING ERRCODE = '54000'");
      seen.add(failure(() -> client.hello(SECRET)));
      answer(superuser, "RAISE EXCEPTION 'something' USING ERRCODE = '22021'");
      seen.add(failure(() -> client.hello(SECRET)));
      // the server's message quotes the value
      answer(superuser, "RETURN name::integer");
      seen.add(failure(() -> client.hello(SECRET)));
      answer(superuser, "RETURN 'Goodbye, ' || name");
      seen.add(failure(() -> client.hello(SECRET)));
      seen.add(failure(() -> join(client.helloAsync(SECRET))));
      execute(superuser, "REVOKE EXECUTE ON FUNCTION pg_hello(text, integer) FROM PUBLIC");
      seen.add(failure(() -> client.hello(SECRET, 2)));
      execute(superuser, "ALTER FUNCTION pg_hello(text) IMMUTABLE");
      seen.add(failure(() -> PgHelloClient.create(dataSource).hello(SECRET)));
      execute(superuser, "DROP EXTENSION pg_hello");
      seen.add(failure(() -> client.hello(SECRET)));
      execute(superuser, "CREATE EXTENSION pg_hello VERSION '1.0'");
      seen.add(failure(() -> client.hello(SECRET, 2)));
      seen.add(failure(() -> client.helloAll(List.of(SECRET))));
      seen.add(
          failure(
              () ->
                  PgHelloClient.builder()
                      .dataSource(dataSource)
                      .schema("nowhere")
                      .build()
                      .hello(SECRET)));
      Thread.currentThread().interrupt();
      seen.add(failure(() -> waiting(dataSource).hello(SECRET)));
      assertThat(Thread.interrupted()).isTrue();
      seen.add(failure(() -> overloaded(dataSource, SECRET)));
      client.close();
      seen.add(failure(() -> client.hello(SECRET)));
    }
    proxy.close();
    seen.add(failure(() -> PgHelloClient.create(dataSource).hello(SECRET)));
    PGSimpleDataSource nobody = database.dataSource().unwrap(PGSimpleDataSource.class);
    nobody.setPassword(SECRET);
    seen.add(failure(() -> PgHelloClient.create(nobody).hello(SECRET)));
    var unseen = EnumSet.complementOf(EnumSet.copyOf(seen));
    unseen.removeIf(Code::isWarning);
    assertThat(unseen)
        .isSubsetOf(Code.NO_SCHEMA_PRIVILEGE, Code.INTERRUPTED, Code.CANCELLED_BY_CALLER);
  }

  /** Replaces the body of pg_hello(text). */
  private static void answer(DataSource superuser, String body) throws SQLException {
    execute(
        superuser,
        "CREATE OR REPLACE FUNCTION pg_hello(name text) RETURNS text LANGUAGE plpgsql STABLE STRICT"
            + " PARALLEL SAFE AS $$ BEGIN "
            + body
            + "; END $$");
  }

  private static PgHelloClient waiting(DataSource dataSource) {
    return PgHelloClient.builder()
        .connections(
            () -> {
              try {
                Thread.sleep(1_000);
              } catch (InterruptedException e) {
                throw new SQLException("interrupted", e);
              }
              return dataSource.getConnection();
            })
        .build();
  }

  private static void overloaded(DataSource dataSource, String name) {
    try (PgHelloClient client =
        PgHelloClient.builder()
            .dataSource(dataSource)
            .maxQueuedCalls(1)
            .maxQueuedBytes(1)
            .maxInFlightBatches(1)
            .build()) {
      List<CompletableFuture<String>> futures =
          IntStream.range(0, 1_000).mapToObj(i -> client.helloAsync(name)).toList();
      futures.forEach(FaultsIT::join);
    }
  }

  private static Code failure(Runnable call) {
    var code = new Code[1];
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> {
              assertKeepsSecret(e);
              code[0] = e.code();
            });
    return code[0];
  }

  /** Fails if any property of an error contains the secret. */
  static void assertKeepsSecret(Throwable error) {
    assertThat(error.toString()).doesNotContain("secret");
    assertThat(String.valueOf(error.getMessage())).doesNotContain("secret");
    if (error instanceof FunctionCallException ours) {
      assertThat(ours.problem().toString() + ours.remedy()).doesNotContain("secret");
    }
    if (error instanceof PSQLException theirs && theirs.getServerErrorMessage() != null) {
      assertThat(String.valueOf(theirs.getServerErrorMessage())).doesNotContain("secret");
      assertThat(String.valueOf(theirs.getServerErrorMessage().getWhere()))
          .doesNotContain("secret");
    }
    if (error instanceof SQLException sql && sql.getNextException() != null) {
      assertKeepsSecret(sql.getNextException());
    }
    for (Throwable suppressed : error.getSuppressed()) {
      assertKeepsSecret(suppressed);
    }
    if (error.getCause() != null) {
      assertKeepsSecret(error.getCause());
    }
  }

  @Test
  void failsTheFutureWithFunctionCallException(DataSource dataSource) throws SQLException {
    execute(dataSource, "DROP EXTENSION pg_hello");
    try (PgHelloClient client = PgHelloClient.create(dataSource)) {
      assertThat(client.helloAsync("Ada"))
          .failsWithin(30, TimeUnit.SECONDS)
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(FunctionCallException.class);
    }
  }

  private static int sessions(DataSource superuser, String application) throws SQLException {
    return Integer.parseInt(
        ask(
            superuser,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
                + " application_name = '"
                + application.replace("'", "''")
                + "'"));
  }

  private static void awaitNoSession(DataSource superuser, String application) throws Exception {
    // the pool itself ends sessions that are idle for 30 seconds
    long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (sessions(superuser, application) > 0 && System.nanoTime() < end) {
      Thread.sleep(20);
    }
    assertThat(sessions(superuser, application)).isZero();
  }
}
