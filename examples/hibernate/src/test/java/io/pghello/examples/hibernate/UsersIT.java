// SPDX-License-Identifier: MIT
package io.pghello.examples.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.PgHelloInfo;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.EntityExistsException;
import java.lang.ref.WeakReference;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.hibernate.SessionFactory;
import org.hibernate.exception.DataException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the entity {@code User} and the classes {@code Users} and {@code GreetingService}. */
@PgHelloTest
class UsersIT {
  // WireProxy also counts the response to BEGIN, which is sent with the first statement.
  private static final int BEGIN = 1;
  private static final int COMMIT = 1;

  private HikariDataSource pool;
  private PgHelloClient client;
  private SessionFactory factory;
  private Users users;

  @BeforeEach
  void open(TestDatabase database, WireProxy proxy) {
    String counted =
        database.jdbcUrl().replaceFirst("//[^/]+/", "//" + proxy.host() + ":" + proxy.port() + "/");
    pool = Database.pool(counted);
    client = PgHelloClient.create(pool);
    factory = Database.sessionFactory(pool, "public");
    users = new Users(factory, client);
  }

  @AfterEach
  void close() {
    factory.close();
    client.close();
    pool.close();
  }

  private static Iterator<User> numbered(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "user" + i).map(UsersIT::user).iterator();
  }

  private static User user(String name) {
    return new User(name, name + "@example.com");
  }

  private long count() {
    return factory.fromTransaction(
        session ->
            session
                .createSelectionQuery("select count(*) from User", Long.class)
                .getSingleResult());
  }

  private void inService(Consumer<GreetingService> action) {
    factory.inTransaction(session -> action.accept(new GreetingService(session, client)));
  }

  @Test
  void welcomesWhenItSaves() {
    User alice = users.createWithGreeting("alice", "alice@example.com");
    assertThat(alice.getWelcomeMessage()).isEqualTo("Hello, alice!");
    assertThat(alice.getCreatedAt()).isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
    assertThat(users.find("alice"))
        .hasValueSatisfying(
            found ->
                assertThat(found).isNotSameAs(alice).usingRecursiveComparison().isEqualTo(alice));
    assertThat(users.find("Alice")).isEmpty();
  }

  @Test
  void repeatsTheGreetingAsRequested() {
    users.createWithGreeting("alice", "alice@example.com", 3);
    users.createWithGreeting("bob", "bob@example.com");
    assertThat(users.latest(10))
        .extracting(User::getWelcomeMessage)
        .containsExactly("Hello, bob!", "Hello, alice! Hello, alice! Hello, alice!");
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 11, Integer.MAX_VALUE})
  void refusesACountOutOfRange(int repeat) {
    assertThatThrownBy(() -> users.createWithGreeting("alice", "alice@example.com", repeat))
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> assertThat(e.code()).isEqualTo(FunctionCallException.Code.INVALID_ARGUMENT));
    assertThat(count()).isZero();
  }

  @Test
  void refusesATakenName() {
    users.createWithGreeting("alice", "first@example.com");
    assertThatThrownBy(() -> users.createWithGreeting("alice", "second@example.com"))
        .isInstanceOf(EntityExistsException.class)
        .hasMessage("The username is taken: Key (username)=(alice) already exists.");
    assertThat(users.find("alice")).map(User::getEmail).contains("first@example.com");
    assertThat(users.createWithGreeting("bob", "bob@example.com").getWelcomeMessage())
        .isEqualTo("Hello, bob!");
  }

  @Test
  void refusesANameThatCannotBe() {
    assertThatThrownBy(() -> users.createWithGreeting("sec\0ret", "x@example.com"))
        .isInstanceOf(DataException.class)
        .rootCause()
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> assertThat(e.code()).isEqualTo(FunctionCallException.Code.INVALID_ARGUMENT));
    assertThatThrownBy(() -> users.createWithGreeting("x".repeat(51), "x@example.com"))
        .isInstanceOf(DataException.class);
    assertThat(count()).isZero();
  }

  @Test
  void greetsInAQuery() {
    users.importAll(Stream.of("Zoë", "O'Brien", "carol").map(UsersIT::user).iterator(), n -> {});
    assertThat(users.greetLatest(2, 2))
        .containsExactly("Hello, carol! Hello, carol!", "Hello, O'Brien! Hello, O'Brien!");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 999, 1_000, 1_001, 2_500})
  void importsAll(int count) {
    var progress = new ArrayList<Long>();
    assertThat(users.importAll(numbered(0, count), progress::add)).isEqualTo(count);
    var expected = new ArrayList<Long>();
    for (long done = 1_000; done < count; done += 1_000) {
      expected.add(done);
    }
    expected.add((long) count);
    assertThat(progress).isEqualTo(expected);
    assertThat(users.latest(Integer.MAX_VALUE))
        .hasSize(count)
        .allSatisfy(
            user -> {
              assertThat(user.getWelcomeMessage()).isEqualTo("Hello, " + user.getUsername() + "!");
              assertThat(user.getCreatedAt()).isNotNull();
            });
  }

  @Test
  void importsNothingFromNothing() {
    var progress = new ArrayList<Long>();
    assertThat(users.importAll(Collections.emptyIterator(), progress::add)).isZero();
    assertThat(progress).isEmpty();
  }

  /** The duplicate is in the same batch, in a later batch, or already in the table. */
  @ParameterizedTest
  @ValueSource(strings = {"user0", "user1400", "alice"})
  void importsNoneIfANameIsTaken(String taken) {
    users.createWithGreeting("alice", "alice@example.com");
    var names = new ArrayList<User>();
    numbered(0, 1_500).forEachRemaining(names::add);
    names.add(user(taken));
    assertThatThrownBy(() -> users.importAll(names.iterator(), n -> {}))
        .isInstanceOf(EntityExistsException.class)
        .hasMessage("The username is taken: Key (username)=(" + taken + ") already exists.");
    assertThat(count()).isEqualTo(1);
  }

  @Test
  void importsNoneIfItCannotReadOn() {
    Iterator<User> broken =
        Stream.iterate(0, i -> i + 1)
            .map(
                i -> {
                  if (i == 1_500) {
                    throw new IllegalStateException("line 1501 is not UTF-8");
                  }
                  return user("user" + i);
                })
            .iterator();
    assertThatThrownBy(() -> users.importAll(broken, n -> {})).hasMessage("line 1501 is not UTF-8");
    assertThat(count()).isZero();
  }

  @Test
  void doesNotKeepImportedUsersInMemory() {
    var early = new ArrayList<WeakReference<User>>();
    Iterator<User> users =
        IntStream.range(0, 3_000)
            .mapToObj(
                i -> {
                  User user = user("user" + i);
                  if (i < 500) {
                    early.add(new WeakReference<>(user));
                  }
                  return user;
                })
            .iterator();
    this.users.importAll(
        users,
        count -> {
          if (count == 2_000) {
            System.gc();
            assertThat(early).hasSize(500).filteredOn(user -> user.get() != null).isEmpty();
          }
        });
  }

  @Test
  void savesInThreeRoundTrips(WireProxy proxy) throws Exception {
    users.createWithGreeting("first", "takes two blocks of identifiers");
    users.createWithGreeting("second", "and the other", 2);
    proxy.assertRoundTrips(
        BEGIN + 2 + COMMIT, () -> users.createWithGreeting("alice", "alice@example.com"));
    proxy.assertRoundTrips(
        BEGIN + 3 + COMMIT, () -> users.createWithGreeting("bob", "bob@example.com", 2));
    proxy.assertRoundTrips(BEGIN + 1 + COMMIT, () -> users.greetLatest(2, 2));
  }

  @Test
  void importsAThousandInThreeRoundTrips(WireProxy proxy) throws Exception {
    users.createWithGreeting("first", "takes two blocks of identifiers");
    proxy.assertRoundTrips(
        BEGIN + 3 * 10 + COMMIT, () -> users.importAll(numbered(0, 10_000), n -> {}));
  }

  @Test
  void servesInTheSession(WireProxy proxy) {
    List<String> names = IntStream.range(0, 1_000).mapToObj(i -> "user" + i).toList();
    inService(
        service -> {
          assertThat(service.greeting("Ada")).isEqualTo("Hello, Ada!");
          assertThat(service.greeting("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
          assertThat(service.timestamp()).isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
          long roundTrips = proxy.roundTrips();
          List<String> greetings = service.bulkGreetings(names);
          assertThat(proxy.roundTrips() - roundTrips).isEqualTo(1);
          assertThat(greetings)
              .isEqualTo(names.stream().map(name -> "Hello, " + name + "!").toList());
          assertThat(pool.getHikariPoolMXBean().getTotalConnections())
              .as("it borrows no other connection")
              .isEqualTo(1);
        });
  }

  @Test
  void returnsTheVersions() {
    String version =
        factory.fromTransaction(
            session ->
                session
                    .createSelectionQuery("select spi_version()", String.class)
                    .getSingleResult());
    inService(
        service -> {
          PgHelloInfo info = service.serverInfo();
          assertThat(version).startsWith("PostgreSQL " + info.serverVersion());
          assertThat(info.extensionVersion())
              .isEqualTo(NativeExtension.fromClassPath("pg_hello").version());
        });
  }

  @Test
  void servesOnAfterARefusal() {
    inService(
        service -> {
          assertThatThrownBy(() -> service.greeting("Ada", 11))
              .isInstanceOf(FunctionCallException.class);
          assertThatThrownBy(() -> service.bulkGreetings(List.of("a", "\0")))
              .isInstanceOf(FunctionCallException.class);
          assertThat(service.greeting("Ada")).as("the transaction").isEqualTo("Hello, Ada!");
        });
  }
}
