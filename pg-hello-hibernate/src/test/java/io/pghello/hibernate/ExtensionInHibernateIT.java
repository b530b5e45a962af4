// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.ExtensionProblem.Kind;
import io.pghello.extension.ExtensionProvider;
import io.pghello.extension.hibernate.ExtensionFunctionContributor;
import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.WireProxy;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.HibernateException;
import org.hibernate.SessionFactory;
import org.hibernate.boot.MetadataSources;
import org.hibernate.boot.model.FunctionContributions;
import org.hibernate.boot.model.FunctionContributor;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.type.StandardBasicTypes;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One of PostgreSQL's own extensions in Hibernate. */
@Tag("slow")
@ExtensionTest(extensions = "fuzzystrmatch")
class ExtensionInHibernateIT {
  private static final String MD5_OF_ADA = "1a382809b7c03f686e12dd15677c5497";

  // region description
  static final ExtensionDescription FUZZY =
      ExtensionDescription.builder("fuzzystrmatch")
          .minimumVersion("1.1")
          .function("levenshtein(text, text)", "integer")
          .function("levenshtein(text, text, integer, integer, integer)", "integer")
          .function("dmetaphone(text)", "text")
          .build();

  /** Listed in {@code META-INF/services/io.pghello.extension.ExtensionProvider}. */
  public static final class FuzzyProvider implements ExtensionProvider {
    @Override
    public ExtensionDescription extension() {
      return FUZZY;
    }
  }

  // endregion

  // region functions
  /** Listed in {@code META-INF/services/org.hibernate.boot.model.FunctionContributor}. */
  public static final class FuzzyFunctions extends ExtensionFunctionContributor {
    public FuzzyFunctions() {
      super(FUZZY);
    }
  }

  // endregion

  /**
   * Two overloads have the same number of arguments, one has arrays, and another function is
   * already registered by Hibernate.
   */
  public static final class CryptoFunctions extends ExtensionFunctionContributor {
    public CryptoFunctions() {
      super(
          ExtensionDescription.builder("pgcrypto")
              .function("digest(bytea, text)", "bytea")
              .function("digest(text, text)", "bytea")
              .function("armor(bytea, text[], text[])", "text")
              .function("gen_salt(text)", "text")
              .build());
    }
  }

  /** Like a Hibernate module, which can register functions as operators that use an index. */
  public static final class ModuleFunctions implements FunctionContributor {
    @Override
    public int ordinal() {
      return 200;
    }

    @Override
    public void contributeFunctions(FunctionContributions contributions) {
      contributions
          .getFunctionRegistry()
          .registerPattern(
              "gen_salt",
              "('of the module: '||?1)",
              contributions
                  .getTypeConfiguration()
                  .getBasicTypeRegistry()
                  .resolve(StandardBasicTypes.STRING));
    }
  }

  /** Hibernate creates a schema only if there is an entity. */
  @Entity(name = "Thing")
  static class Thing {
    @Id long id;
  }

  @Test
  void callsFunctionsInHql(DataSource dataSource) {
    try (SessionFactory factory = open(dataSource, Map.of())) {
      assertThat(ask(factory, "select levenshtein('GUMBO', 'GAMBOL')", Integer.class))
          .containsExactly(2);
      // there is no function for this integer type
      assertThat(ask(factory, "select levenshtein('GUMBO', 'GAMBOL', 2L, 1, 1)", Integer.class))
          .containsExactly(3);
      assertThat(ask(factory, "select dmetaphone(cast(null as String))", String.class))
          .containsExactly((String) null);
      assertThatThrownBy(() -> ask(factory, "select levenshtein('a')", Integer.class))
          .hasStackTraceContaining("levenshtein()");
      assertThatThrownBy(() -> ask(factory, "select levenshtein('a', 'b', 1)", Integer.class))
          .hasStackTraceContaining("levenshtein()");
      assertThatThrownBy(() -> ask(factory, "select dmetaphone(1)", String.class))
          .hasStackTraceContaining("dmetaphone()");
    }
  }

  @Test
  void callsFunctionsInTheSchemaThatTheSettingNames(DataSource dataSource, Connection connection)
      throws SQLException {
    moveToOddOne(connection);
    Map<String, Object> settings =
        Map.of(
            ExtensionSettings.schemaOf("fuzzystrmatch"),
            "Odd one",
            ExtensionSettings.CHECK,
            "fuzzystrmatch",
            ExtensionSettings.PREFLIGHT,
            "fail");
    try (SessionFactory factory = open(dataSource, settings)) {
      assertThat(ask(factory, "select dmetaphone('Anne')", String.class)).containsExactly("AN");
    }
  }

  /**
   * A role that may create objects in the schema can add a function that matches the bound types
   * better.
   */
  @Test
  void doesNotCallAForeignFunctionOfTheSameName(DataSource dataSource, Connection connection)
      throws SQLException {
    moveToOddOne(connection);
    for (String types : List.of("varchar, varchar", "text, varchar", "varchar, text")) {
      execute(
          connection,
          "CREATE FUNCTION \"Odd one\".levenshtein("
              + types
              + ") RETURNS integer LANGUAGE sql RETURN -1");
    }
    Map<String, Object> settings = Map.of(ExtensionSettings.schemaOf("fuzzystrmatch"), "Odd one");
    try (SessionFactory factory = open(dataSource, settings)) {
      assertThat(
              factory.<Integer>fromTransaction(
                  session ->
                      session
                          .createSelectionQuery(
                              "select levenshtein(:one, cast(:two as String))", Integer.class)
                          .setParameter("one", "GUMBO")
                          .setParameter("two", "GAMBOL")
                          .getSingleResult()))
          .isEqualTo(2);
    }
  }

  @Test
  void callsOverloadsWithAsManyArguments(DataSource dataSource, Connection connection)
      throws SQLException {
    execute(connection, "CREATE EXTENSION pgcrypto");
    try (SessionFactory factory = open(dataSource, Map.of())) {
      for (Object parameter : List.of("Ada", new byte[] {'A', 'd', 'a'})) {
        byte[] digest =
            factory.fromTransaction(
                session ->
                    session
                        .createSelectionQuery("select digest(:it, 'md5')", byte[].class)
                        .setParameter("it", parameter)
                        .getSingleResult());
        assertThat(HexFormat.of().formatHex(digest)).isEqualTo(MD5_OF_ADA);
      }
    }
  }

  /** Without the cast, this function would be a better match for the bound types. */
  @Test
  void doesNotCallAForeignFunctionWithArrayArguments(DataSource dataSource, Connection connection)
      throws SQLException {
    execute(connection, "CREATE EXTENSION pgcrypto");
    execute(
        connection,
        "CREATE FUNCTION public.armor(bytea, varchar[], varchar[]) RETURNS text LANGUAGE sql RETURN"
            + " 'somebody''s'");
    try (SessionFactory factory = open(dataSource, Map.of())) {
      String armored =
          factory.fromTransaction(
              session ->
                  session
                      .createSelectionQuery("select armor(:data, :keys, :values)", String.class)
                      .setParameter("data", new byte[] {1})
                      .setParameter("keys", new String[] {"Comment"})
                      .setParameter("values", new String[] {"Ada"})
                      .getSingleResult());
      assertThat(armored).startsWith("-----BEGIN PGP MESSAGE-----").contains("Comment: Ada");
    }
  }

  @Test
  void keepsFunctionsOfHibernateModules(DataSource dataSource) {
    try (SessionFactory factory = open(dataSource, Map.of())) {
      assertThat(ask(factory, "select gen_salt('md5')", String.class))
          .containsExactly("of the module: md5");
    }
  }

  private static void moveToOddOne(Connection connection) throws SQLException {
    execute(connection, "DROP EXTENSION fuzzystrmatch; CREATE SCHEMA \"Odd one\"");
    execute(connection, "CREATE EXTENSION fuzzystrmatch SCHEMA \"Odd one\"");
  }

  @Test
  void createsExtensionsWithTheSchema(DataSource dataSource, Connection connection)
      throws SQLException {
    Map<String, Object> settings =
        Map.of(
            ExtensionSettings.CREATE,
            "hstore, uuid-ossp, hstore, fuzzystrmatch",
            ExtensionSettings.schemaOf("hstore"),
            "Odd one",
            ExtensionSettings.CHECK,
            "hstore,uuid-ossp,fuzzystrmatch",
            ExtensionSettings.PREFLIGHT,
            "fail",
            "hibernate.hbm2ddl.auto",
            "create");
    open(dataSource, settings).close();
    assertThat(
            string(
                connection,
                "SELECT string_agg(nspname || '.' || extname, ' ' ORDER BY extname) FROM"
                    + " pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname <>"
                    + " 'plpgsql'"))
        .isEqualTo("public.fuzzystrmatch Odd one.hstore public.uuid-ossp");
  }

  @Test
  void failsAtStartupIfAnExtensionIsUnusable(
      DataSource dataSource, Connection connection, @Superuser Connection superuser)
      throws SQLException {
    Map<String, Object> settings =
        Map.of(
            ExtensionSettings.CHECK, "fuzzystrmatch",
            ExtensionSettings.PREFLIGHT, "fail");
    open(dataSource, settings).close();
    // the check also fails if a described function is missing
    execute(superuser, "ALTER EXTENSION fuzzystrmatch DROP FUNCTION dmetaphone(text)");
    assertThatThrownBy(() -> open(dataSource, settings).close())
        .isInstanceOfSatisfying(
            ExtensionException.class,
            e -> assertThat(e.problem().kind()).isEqualTo(Kind.VERSION_TOO_OLD))
        .hasMessageContaining("lacks dmetaphone(text)");
    execute(connection, "DROP EXTENSION fuzzystrmatch");
    assertThatThrownBy(() -> open(dataSource, settings).close())
        .hasMessageEndingWith("Run in this database: CREATE EXTENSION fuzzystrmatch;");
    // logs one line by default
    open(dataSource, Map.of(ExtensionSettings.CHECK, "fuzzystrmatch")).close();
  }

  /** HQL does not use the extension, and SQL can qualify the names of its functions. */
  @Test
  void startsWithAnUndescribedExtensionInAnySchema(DataSource dataSource, Connection connection)
      throws SQLException {
    execute(connection, "CREATE SCHEMA apart; CREATE EXTENSION hstore SCHEMA apart");
    Map<String, Object> settings =
        Map.of(ExtensionSettings.CHECK, "hstore", ExtensionSettings.PREFLIGHT, "fail");
    open(dataSource, settings).close();
    // startup fails if the functions are called
    moveToOddOne(connection);
    assertThatThrownBy(
            () ->
                open(
                        dataSource,
                        Map.of(
                            ExtensionSettings.CHECK, "fuzzystrmatch",
                            ExtensionSettings.PREFLIGHT, "fail"))
                    .close())
        .hasMessageEndingWith(
            "Set pg-extension.fuzzystrmatch.schema to Odd one in Hibernate's settings.");
  }

  @Test
  void createsNoExtensionInTwoSchemas(DataSource dataSource) {
    Map<String, Object> settings =
        Map.of(
            PgHelloSettings.CREATE_EXTENSION,
            "true",
            PgHelloSettings.SCHEMA,
            "apart",
            ExtensionSettings.CREATE,
            "pg_hello",
            PgHelloSettings.PREFLIGHT,
            "off");
    assertThatThrownBy(() -> open(dataSource, settings).close())
        .hasMessageStartingWith("Two settings create extension pg_hello, ")
        .hasMessageContaining("in schema apart")
        .hasMessageContaining("without a schema");
    var same = new HashMap<>(settings);
    same.put(ExtensionSettings.schemaOf("pg_hello"), "apart");
    open(dataSource, same).close();
  }

  @Test
  void reportsTheInvalidSetting(DataSource dataSource) {
    Map<String, Object> settings =
        Map.of(
            ExtensionSettings.CHECK,
            "fuzzystrmatch",
            ExtensionSettings.PREFLIGHT,
            "fail",
            ExtensionSettings.schemaOf("fuzzystrmatch"),
            "other");
    assertThatThrownBy(() -> open(dataSource, settings).close())
        .hasMessage(
            "Extension fuzzystrmatch is in schema public, but Hibernate is configured for schema"
                + " \"other\". Set pg-extension.fuzzystrmatch.schema to public in Hibernate's"
                + " settings.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "true", "FAIL"})
  void refusesAnotherValue(String value, DataSource dataSource) {
    assertThatThrownBy(() -> open(dataSource, Map.of(ExtensionSettings.PREFLIGHT, value)).close())
        .isInstanceOf(HibernateException.class)
        .hasMessage(
            "Setting pg-extension.preflight is \"" + value + "\"; it must be fail, warn or off");
  }

  @Test
  void takesOneRoundTripForEachExtension(DataSource dataSource, WireProxy proxy) throws Exception {
    // warm up, because some information is queried only once
    open(dataSource, Map.of()).close();
    long without = proxy.countRoundTrips(() -> open(dataSource, Map.of()).close());
    long checked =
        proxy.countRoundTrips(
            () -> open(dataSource, Map.of(ExtensionSettings.CHECK, "fuzzystrmatch")).close());
    // a new connection takes some round trips, and the query takes one
    long connecting = proxy.countRoundTrips(() -> dataSource.getConnection().close());
    assertThat(checked - without).isBetween(1L, connecting + 1);
  }

  private static SessionFactory open(DataSource dataSource, Map<String, Object> settings) {
    StandardServiceRegistry registry =
        new StandardServiceRegistryBuilder()
            .applySetting("hibernate.connection.datasource", dataSource)
            .applySettings(settings)
            .build();
    try {
      return new MetadataSources(registry)
          .addAnnotatedClass(Thing.class)
          .buildMetadata()
          .buildSessionFactory();
    } catch (RuntimeException e) {
      StandardServiceRegistryBuilder.destroy(registry);
      throw e;
    }
  }

  private static <T> List<T> ask(SessionFactory factory, String hql, Class<T> type) {
    return factory.fromTransaction(
        session -> session.createSelectionQuery(hql, type).getResultList());
  }

  private static String string(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
