// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.criteria.CriteriaBuilder;
import jakarta.persistence.criteria.CriteriaQuery;
import jakarta.persistence.criteria.Expression;
import jakarta.persistence.criteria.Root;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.hibernate.HibernateException;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.boot.model.FunctionContributions;
import org.hibernate.boot.model.FunctionContributor;
import org.hibernate.boot.registry.BootstrapServiceRegistryBuilder;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.query.Query;
import org.hibernate.type.BasicType;
import org.hibernate.type.StandardBasicTypes;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The functions in HQL and Criteria, found without configuration. */
@PgHelloTest
class FunctionsIT {
  private SessionFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    factory = Factories.open(dataSource, Map.of(), Person.class);
    factory.inTransaction(
        session -> {
          session.persist(new Person(1, "Ada", 1));
          session.persist(new Person(2, "Grace", 2));
          session.persist(new Person(3, null, 3));
        });
  }

  @AfterEach
  void close() {
    factory.close();
  }

  /** A record that a query fills. */
  record Greeted(String greeting, Long at) {}

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "select pg_hello(p.username) from Person p where p.id = 1 | Hello, Ada!",
        "select pg_hello(p.username, 2) from Person p where p.id = 1 | Hello, Ada! Hello, Ada!",
        "select pg_hello(p.username, p.times) from Person p where p.id = 2"
            + " | Hello, Grace! Hello, Grace!",
        // the function accepts only integers
        "select pg_hello(p.username, p.visits) from Person p where p.id = 2"
            + " | Hello, Grace! Hello, Grace!",
        "select pg_hello('x', 2L) | Hello, x! Hello, x!",
        "select pg_hello('O''Brien') | Hello, O'Brien!",
        "select PG_HELLO('x') | Hello, x!",
        "select upper(pg_hello(lower(p.username))) from Person p where p.id = 1 | HELLO, ADA!",
        "select pg_hello(pg_hello(p.username)) from Person p where p.id = 1"
            + " | Hello, Hello, Ada!!",
        "select p.username from Person p where pg_hello(p.username) = 'Hello, Grace!' | Grace",
        "select p.username from Person p where pg_hello(p.username) like '%Ada!' | Ada",
        "select pg_hello(p.username) from Person p where p.username is not null"
            + " group by pg_hello(p.username) order by pg_hello(p.username) desc limit 1"
            + " | Hello, Grace!",
        "select p.greeting from Person p where p.id = 1 | Hello, Ada! Hello, Ada!"
      })
  void workInHql(String hql, String expected) {
    assertThat(text(hql)).isEqualTo(expected);
  }

  @Test
  void returnTimeAndVersionInHql() {
    assertThat(number("select now_ms()")).isCloseTo(System.currentTimeMillis(), within(60_000L));
    assertThat(text("select spi_version()")).startsWith("PostgreSQL ");
    assertThat(number("select count(*) from Person p where now_ms() - p.visits > 10")).isEqualTo(3);
  }

  /** Hibernate discovers it like this module's contributor. */
  public static final class OfProgram implements FunctionContributor {
    @Override
    public void contributeFunctions(FunctionContributions contributions) {
      BasicType<String> string =
          contributions
              .getTypeConfiguration()
              .getBasicTypeRegistry()
              .resolve(StandardBasicTypes.STRING);
      contributions
          .getFunctionRegistry()
          .registerPattern("spi_version", "'of the program'", string);
    }
  }

  @Test
  void giveWayToFunctionsOfTheApplication(DataSource dataSource, @TempDir Path folder)
      throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(FunctionContributor.class.getName()), OfProgram.class.getName());
    try (var loader =
            new URLClassLoader(new URL[] {folder.toUri().toURL()}, getClass().getClassLoader());
        SessionFactory program = open(dataSource, loader)) {
      assertThat(
              program.<String>fromSession(
                  session ->
                      session
                          .createSelectionQuery("select spi_version()", String.class)
                          .getSingleResult()))
          .isEqualTo("of the program");
    }
  }

  private static SessionFactory open(DataSource dataSource, ClassLoader loader) {
    var configuration =
        new Configuration(new BootstrapServiceRegistryBuilder().applyClassLoader(loader).build());
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    return configuration.buildSessionFactory();
  }

  @Test
  void fillARecord() {
    Greeted greeted =
        ask(
            s ->
                s.createQuery(
                        "select pg_hello(p.username), now_ms() from Person p where p.id = 1",
                        Greeted.class)
                    .getSingleResult());
    assertThat(greeted.greeting()).isEqualTo("Hello, Ada!");
    assertThat(greeted.at()).isCloseTo(System.currentTimeMillis(), within(60_000L));
  }

  @Test
  void updateAndInsert() {
    factory.inTransaction(
        s -> {
          assertThat(
                  s.createMutationQuery(
                          "update Person set welcome = pg_hello(username, times), welcomedAt ="
                              + " now_ms()")
                      .executeUpdate())
              .isEqualTo(3);
          assertThat(
                  s.createMutationQuery(
                          "insert into Person (id, username, times, visits, welcome) select p.id +"
                              + " 10, p.username, p.times, p.visits, pg_hello(p.username) from"
                              + " Person p")
                      .executeUpdate())
              .isEqualTo(3);
        });
    factory.inTransaction(
        s -> {
          Person grace = s.find(Person.class, 2L);
          assertThat(grace.welcome).isEqualTo("Hello, Grace! Hello, Grace!");
          assertThat(grace.welcomedAt).isCloseTo(System.currentTimeMillis(), within(60_000L));
          assertThat(s.find(Person.class, 3L).welcome).isNull();
          assertThat(s.find(Person.class, 12L).welcome).isEqualTo("Hello, Grace!");
        });
  }

  @Test
  void takeParametersAndNulls() {
    assertThat(text("select pg_hello(?1, ?2)", "Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(text("select pg_hello(?1, ?2)", "Ada", 2L)).isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(text("select pg_hello(?1)", (String) null)).isNull();
    assertThat(text("select pg_hello('x', ?1)", (Integer) null)).isNull();
    assertThat(text("select pg_hello(null)")).isNull();
    assertThat(text("select pg_hello(p.username) from Person p where p.id = 3")).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select pg_hello()",
        "select pg_hello('x', 1, 2)",
        "select pg_hello(5)",
        "select pg_hello(p.id) from Person p",
        "select pg_hello('x', 'two')",
        "select pg_hello('x', 1.5)",
        "select pg_hello('x', p.username) from Person p",
        "select now_ms(1)",
        "select spi_version('x')"
      })
  void rejectWrongArgumentsBeforeSending(String hql, WireProxy proxy) throws Exception {
    factory.inTransaction(
        session -> {
          // ensure that the connection is open
          session.createQuery("select 1", Integer.class).getSingleResult();
          sendsNothing(
              proxy,
              () ->
                  assertThatThrownBy(() -> session.createQuery(hql, Object.class).getResultList())
                      .isInstanceOf(IllegalArgumentException.class));
          // the transaction is still usable
          assertThat(session.createQuery("select pg_hello('x')", String.class).getSingleResult())
              .isEqualTo("Hello, x!");
        });
  }

  @Test
  void rejectAParameterOfAWrongType() {
    assertThatThrownBy(() -> text("select pg_hello(?1)", 5))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void sendsNothing(WireProxy proxy, Runnable action) {
    try {
      proxy.assertRoundTrips(0, action::run);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void workInCriteria() {
    assertThat(
            select((builder, person) -> PgHelloFunctions.pgHello(builder, person.get("username"))))
        .containsExactly("Hello, Ada!", "Hello, Grace!", null);
    assertThat(
            select(
                (builder, person) -> PgHelloFunctions.pgHello(builder, person.get("username"), 2)))
        .containsExactly("Hello, Ada! Hello, Ada!", "Hello, Grace! Hello, Grace!", null);
    assertThat(
            select(
                (builder, person) ->
                    PgHelloFunctions.pgHello(
                        builder, person.get("username"), person.<Long>get("visits"))))
        .containsExactly("Hello, Ada!", "Hello, Grace! Hello, Grace!", null);
    assertThat(select((builder, person) -> PgHelloFunctions.pgHello(builder, "O'Brien")))
        .containsOnly("Hello, O'Brien!");
    assertThat(select((builder, person) -> PgHelloFunctions.spiVersion(builder)))
        .allSatisfy(version -> assertThat(version).startsWith("PostgreSQL "));
    List<Long> times =
        ask(
            s -> {
              CriteriaBuilder builder = s.getCriteriaBuilder();
              CriteriaQuery<Long> query = builder.createQuery(Long.class);
              query.from(Person.class);
              query.select(PgHelloFunctions.nowMs(builder));
              return s.createQuery(query).getResultList();
            });
    assertThat(times)
        .hasSize(3)
        .allSatisfy(
            time -> assertThat(time).isCloseTo(System.currentTimeMillis(), within(60_000L)));
  }

  private interface Selection {
    Expression<String> of(CriteriaBuilder builder, Root<Person> person);
  }

  private List<String> select(Selection selection) {
    return ask(
        session -> {
          CriteriaBuilder builder = session.getCriteriaBuilder();
          CriteriaQuery<String> query = builder.createQuery(String.class);
          Root<Person> person = query.from(Person.class);
          query.select(selection.of(builder, person)).orderBy(builder.asc(person.get("id")));
          return session.createQuery(query).getResultList();
        });
  }

  private String text(String hql, @Nullable Object... parameters) {
    return ask(session -> query(session, hql, String.class, parameters).getSingleResult());
  }

  private Long number(String hql) {
    return ask(session -> query(session, hql, Long.class).getSingleResult());
  }

  private static <T> Query<T> query(
      Session session, String hql, Class<T> type, @Nullable Object... parameters) {
    Query<T> query = session.createQuery(hql, type);
    for (int i = 0; i < parameters.length; i++) {
      query.setParameter(i + 1, parameters[i]);
    }
    return query;
  }

  private <T> T ask(Function<Session, T> request) {
    return factory.fromTransaction(request);
  }

  @Test
  void areFoundInASchemaOffThePath(DataSource dataSource) {
    inFactoryWith(
        dataSource,
        "Odd \"one",
        session ->
            assertThat(
                    session
                        .createQuery(
                            "select pg_hello('Ada', 2) || spi_version() || now_ms()", String.class)
                        .getSingleResult())
                .startsWith("Hello, Ada! Hello, Ada!PostgreSQL "));
  }

  private void inFactoryWith(DataSource dataSource, String schema, Consumer<Session> action) {
    factory.inTransaction(
        session -> {
          String quoted = '"' + schema.replace("\"", "\"\"") + '"';
          session.createNativeMutationQuery("DROP EXTENSION pg_hello").executeUpdate();
          session.createNativeMutationQuery("CREATE SCHEMA " + quoted).executeUpdate();
          session
              .createNativeMutationQuery("CREATE EXTENSION pg_hello SCHEMA " + quoted)
              .executeUpdate();
        });
    try (SessionFactory other =
        Factories.open(dataSource, Map.of(PgHelloSettings.SCHEMA, schema))) {
      other.inTransaction(action);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a?b", "it's"})
  void rejectASchemaThatCannotBeRendered(String schema, DataSource dataSource) {
    assertThatThrownBy(
            () -> Factories.open(dataSource, Map.of(PgHelloSettings.SCHEMA, schema)).close())
        .isInstanceOf(HibernateException.class)
        .hasMessageContaining(PgHelloSettings.SCHEMA);
  }

  @Test
  void areOnlyForPostgresql() {
    var configuration = new Configuration();
    configuration.setProperty("hibernate.dialect", "org.hibernate.dialect.H2Dialect");
    configuration.setProperty("hibernate.boot.allow_jdbc_metadata_access", "false");
    try (SessionFactory other = configuration.buildSessionFactory()) {
      assertThat(knows(other, "upper")).isTrue();
      assertThat(knows(other, "pg_hello")).isFalse();
      assertThat(knows(factory, "pg_hello")).isTrue();
    }
  }

  private static boolean knows(SessionFactory factory, String function) {
    return factory
            .unwrap(SessionFactoryImplementor.class)
            .getQueryEngine()
            .getSqmFunctionRegistry()
            .findFunctionDescriptor(function)
        != null;
  }
}
