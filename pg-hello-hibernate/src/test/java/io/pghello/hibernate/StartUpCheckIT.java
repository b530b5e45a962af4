// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Persistence;
import jakarta.persistence.PersistenceException;
import java.io.Serial;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.hibernate.HibernateException;
import org.hibernate.SessionFactory;
import org.hibernate.boot.MetadataSources;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.cfg.Configuration;
import org.hibernate.dialect.H2Dialect;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.engine.jdbc.connections.spi.AbstractDataSourceBasedMultiTenantConnectionProviderImpl;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;
import org.postgresql.ds.PGSimpleDataSource;

/** The check of the extension when a session factory is created. */
@PgHelloTest(create = false)
class StartUpCheckIT {
  private static final String CREATE = "CREATE EXTENSION pg_hello";

  /** With these settings, Hibernate makes no round trips. */
  private static final Map<String, Object> NOT_ASKING =
      Map.of(
          "hibernate.boot.allow_jdbc_metadata_access",
          "false",
          "hibernate.dialect",
          PostgreSQLDialect.class.getName(),
          "hibernate.hbm2ddl.auto",
          "none");

  @Entity
  static class Guest {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;
  }

  // the JDK holds the logger only weakly
  private final Logger logger = Logger.getLogger("io.pghello.hibernate");
  private final List<String> logged = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          logged.add(line.getLevel() + " " + line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    logger.setLevel(Level.ALL);
    logger.setUseParentHandlers(false);
    logger.addHandler(handler);
  }

  @AfterEach
  void listenNoMore() {
    logger.removeHandler(handler);
    logger.setUseParentHandlers(true);
    logger.setLevel(null);
  }

  @Test
  void logsNothingWithoutProblems(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE);
    start(dataSource, Map.of());
    start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "warn"));
    start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "fail"));
    start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "fail", PgHelloSettings.SCHEMA, "public"));
    assertThat(logged).isEmpty();
  }

  @Test
  void warnsInOneLineByDefault(DataSource dataSource, TestDatabase database) {
    start(dataSource, Map.of());
    assertThat(logged)
        .containsExactly(
            "WARN Extension pg_hello does not exist in database "
                + database.name()
                + ". Run in this database: CREATE EXTENSION pg_hello;");
    logged.clear();
    start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "warn"));
    assertThat(logged).hasSize(1);
  }

  /** The warning does not prevent calls. */
  @Test
  void startsOnCitus(DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(dataSource, CREATE);
    pretendCitus(superuser);
    start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "fail"));
    assertThat(logged)
        .singleElement()
        .asString()
        .startsWith("WARN The database is distributed by Citus, and SET pg_hello.repeat does not ");
  }

  /** Citus rejects INSERTs with subqueries, so the values are fetched before the INSERT. */
  @ParameterizedTest
  @CsvSource({"false, warn, 1", "true, warn, 2", "true, fail, 2", "true, off, 1"})
  void prefetchesForIdentitiesIfDistributed(
      boolean citus,
      String check,
      int roundTrips,
      DataSource dataSource,
      @Superuser DataSource superuser,
      WireProxy proxy)
      throws Exception {
    execute(dataSource, CREATE);
    if (citus) {
      pretendCitus(superuser);
    }
    try (SessionFactory sessions =
        Factories.open(dataSource, Map.of(PgHelloSettings.PREFLIGHT, check), Guest.class)) {
      sessions.inTransaction(
          session -> {
            session.doWork(connection -> connection.createStatement().execute("SELECT 1"));
            var guest = new Guest();
            guest.name = "Ada";
            assertThatCode(() -> proxy.assertRoundTrips(roundTrips, () -> session.persist(guest)))
                .doesNotThrowAnyException();
            assertThat(guest.greeting).isEqualTo("Hello, Ada!");
          });
    }
  }

  private static void pretendCitus(DataSource superuser) throws SQLException {
    execute(
        superuser,
        "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable,"
            + " extversion) SELECT 9999, 'citus', extowner, extnamespace, false, '13.0-1' FROM"
            + " pg_extension WHERE extname = 'plpgsql'");
  }

  @Test
  void logsNothingIfDisabled(DataSource dataSource) {
    start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "off"));
    assertThat(logged).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "on", "true", "false", "FAIL", "warn ", "error", "fail,warn"})
  void refusesAnotherValue(String value, DataSource dataSource) {
    assertThatThrownBy(() -> start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, value)))
        .isInstanceOf(HibernateException.class)
        .hasMessage(
            "Setting pg-hello.preflight is \"" + value + "\"; it must be fail, warn or off");
  }

  @Test
  void refusesAnotherValueBeforeAnythingIsCreated(DataSource dataSource) throws SQLException {
    assertThatThrownBy(
            () ->
                Factories.open(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "no"), Person.class)
                    .close())
        .isInstanceOf(HibernateException.class);
    assertThat(ask(dataSource, "SELECT to_regclass('person')")).isNull();
  }

  @ParameterizedTest
  @CsvSource({"off, 0", "warn, 1", "fail, 1"})
  void takesOneRoundTrip(String check, int roundTrips, DataSource dataSource, WireProxy proxy)
      throws Exception {
    execute(dataSource, CREATE);
    for (boolean autoCommit : new boolean[] {true, false}) {
      try (HikariDataSource pool = pool(dataSource, autoCommit)) {
        pool.getConnection().close();
        var settings = new HashMap<String, Object>(NOT_ASKING);
        settings.put(PgHelloSettings.PREFLIGHT, check);
        proxy.assertRoundTrips(roundTrips, () -> start(pool, settings));
        try (Connection connection = pool.getConnection()) {
          assertThat(connection.getAutoCommit()).isEqualTo(autoCommit);
          assertThat(connection.unwrap(BaseConnection.class).getTransactionState())
              .isEqualTo(TransactionState.IDLE);
        }
      }
    }
    assertThat(logged).isEmpty();
  }

  @Test
  void isDisabledIfHibernateAccessesNoDatabase(DataSource dataSource, WireProxy proxy) {
    start(dataSource, NOT_ASKING);
    assertThat(proxy.connections()).isZero();
    assertThat(logged).isEmpty();
    // the check runs if it is enabled explicitly
    var settings = new HashMap<String, Object>(NOT_ASKING);
    settings.put(PgHelloSettings.PREFLIGHT, "warn");
    start(dataSource, settings);
    assertThat(proxy.connections()).isEqualTo(1);
    assertThat(logged).singleElement().asString().contains("does not exist in database");
  }

  @Test
  void checksOneOfManyDatabasesOnlyIfEnabled(DataSource dataSource) {
    var settings = new HashMap<String, Object>(NOT_ASKING);
    settings.put("hibernate.boot.allow_jdbc_metadata_access", "true");
    settings.put("hibernate.multi_tenant_connection_provider", new Tenants(dataSource));
    start(null, settings);
    assertThat(logged).isEmpty();
    settings.put(PgHelloSettings.PREFLIGHT, "fail");
    assertFails(Code.NOT_CREATED, null, settings);
  }

  @Test
  void isSkippedOnAnotherDatabase() {
    var settings = new HashMap<String, Object>(NOT_ASKING);
    settings.put("hibernate.dialect", H2Dialect.class.getName());
    settings.put(PgHelloSettings.PREFLIGHT, "fail");
    assertThatCode(() -> start(null, settings)).doesNotThrowAnyException();
    assertThat(logged).isEmpty();
  }

  @Test
  void failsIfConfigured(DataSource dataSource, TestDatabase database) throws SQLException {
    Map<String, Object> settings = Map.of(PgHelloSettings.PREFLIGHT, "fail");
    FunctionCallException failure = assertFails(Code.NOT_CREATED, dataSource, settings);
    assertThat(failure)
        .hasMessage(
            "Extension pg_hello does not exist in database "
                + database.name()
                + ". Run in this database: CREATE EXTENSION pg_hello;");
    assertThat(logged).isEmpty();
    execute(dataSource, failure.remedy().substring("Run in this database: ".length()));
    start(dataSource, settings);
  }

  @Test
  void failsInJpaAsACause(TestDatabase database) {
    Map<String, String> settings =
        Map.of(
            "jakarta.persistence.jdbc.url", database.jdbcUrl(), PgHelloSettings.PREFLIGHT, "fail");
    assertThatThrownBy(() -> Persistence.createEntityManagerFactory("plain", settings))
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("Unable to build Hibernate SessionFactory")
        .cause()
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> {
              assertThat(e.code()).isEqualTo(Code.NOT_CREATED);
              assertThat(e.problem().functions()).contains("pg_hello(text)", "now_ms()");
            });
  }

  @Test
  void leavesNothingBehindWhenItFails(TestDatabase database, WireProxy proxy, DataSource dataSource)
      throws Exception {
    execute(dataSource, "SELECT 1");
    String url =
        database.jdbcUrl().replaceFirst("//[^/]*/", "//" + proxy.host() + ":" + proxy.port() + "/");
    Set<Thread> before = threads();
    // Hibernate's own pool, which has a thread
    Map<String, Object> settings =
        Map.of("hibernate.connection.url", url, PgHelloSettings.PREFLIGHT, "fail");
    long connections = proxy.connections();
    assertFails(Code.NOT_CREATED, null, settings);
    assertThatThrownBy(() -> Persistence.createEntityManagerFactory("plain", settings));
    try (var services = new StandardServiceRegistryBuilder().applySettings(settings).build()) {
      assertThatThrownBy(() -> new MetadataSources(services).buildMetadata().buildSessionFactory())
          .isInstanceOf(FunctionCallException.class);
    }
    assertThat(proxy.connections()).isGreaterThan(connections + 2);
    eventually(() -> assertThat(proxy.openConnections()).isZero());
    eventually(() -> assertThat(threads()).isSubsetOf(before));
  }

  @Test
  void givesItsConnectionBackWhenTheServerRefuses(
      DataSource dataSource, @Superuser DataSource superuser) throws SQLException {
    execute(superuser, "REVOKE SELECT ON pg_catalog.pg_extension FROM PUBLIC");
    for (boolean autoCommit : new boolean[] {true, false}) {
      try (HikariDataSource pool = pool(dataSource, autoCommit)) {
        FunctionCallException failure =
            assertFails(Code.SERVER_ERROR, pool, Map.of(PgHelloSettings.PREFLIGHT, "fail"));
        assertThat(failure).hasMessageContaining("permission denied for table pg_extension");
        assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
        start(pool, Map.of());
        assertThat(logged).singleElement().asString().contains("permission denied");
        logged.clear();
        assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
      }
    }
  }

  @Test
  void reportsAMissingConnection(DataSource dataSource, WireProxy proxy) throws SQLException {
    execute(dataSource, CREATE);
    proxy.close();
    var settings = new HashMap<String, Object>(NOT_ASKING);
    settings.put(PgHelloSettings.PREFLIGHT, "warn");
    start(dataSource, settings);
    assertThat(logged)
        .singleElement()
        .asString()
        .startsWith("WARN Could not get a database connection: ");
    settings.put(PgHelloSettings.PREFLIGHT, "fail");
    assertFails(Code.CONNECTION_UNAVAILABLE, dataSource, settings);
    // without a data source, as in an application that passes a connection to each session
    assertFails(Code.CONNECTION_UNAVAILABLE, null, settings);
  }

  /** Startup continues after the default timeout of pools. */
  @Test
  @Tag("long")
  void waitsForASilentServerNoLongerThanForAPool(DataSource dataSource, WireProxy proxy)
      throws SQLException {
    execute(dataSource, CREATE);
    try (Connection connection = dataSource.getConnection()) {
      proxy.pause();
      var settings = new HashMap<String, Object>(NOT_ASKING);
      settings.put(PgHelloSettings.PREFLIGHT, "warn");
      start(enlisted(connection), settings);
      assertThat(logged).singleElement().asString().contains("its timeout of 30000 ms");
    }
  }

  @Test
  void doesNotEndTheTransactionOfAContainer(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE);
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      var settings = new HashMap<String, Object>(NOT_ASKING);
      settings.put("hibernate.transaction.coordinator_class", "jta");
      settings.put(PgHelloSettings.PREFLIGHT, "fail");
      start(enlisted(connection), settings);
      execute(connection, "CREATE TABLE seen ()");
      start(enlisted(connection), settings);
      assertThat(ask(connection, "SELECT to_regclass('seen')")).isEqualTo("seen");
      connection.rollback();
      assertThat(ask(connection, "SELECT to_regclass('seen')")).isNull();
    }
  }

  @Tag("not-old-pgbouncer") // the pooler rejects a search_path at login
  @Tag("not-odyssey") // the pooler ignores a search_path at login
  @Test
  void reportsThatTheSchemaMustBeSet(DataSource dataSource) throws SQLException {
    execute(dataSource, "CREATE SCHEMA \"Odd \"\"one\"");
    execute(dataSource, CREATE + " SCHEMA \"Odd \"\"one\"");
    FunctionCallException failure =
        assertFails(Code.NOT_ON_SEARCH_PATH, dataSource, Map.of(PgHelloSettings.PREFLIGHT, "fail"));
    assertThat(failure)
        .hasMessageStartingWith(
            "Extension pg_hello is in schema \"Odd \"\"one\", which is not on the search_path of"
                + " role ");
    assertThat(failure.remedy())
        .isEqualTo("Set pg-hello.schema to Odd \"one in Hibernate's settings.");
    start(
        dataSource, Map.of(PgHelloSettings.PREFLIGHT, "fail", PgHelloSettings.SCHEMA, "Odd \"one"));
    // alternatively, the schema can be added to the path
    dataSource.unwrap(PGSimpleDataSource.class).setCurrentSchema("\"Odd \"\"one\",public");
    start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "fail"));
  }

  @ParameterizedTest
  @CsvSource({"other", "Public", "'\"public\"'", "'public '"})
  void reportsAWrongSchema(String schema, DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE);
    FunctionCallException failure =
        assertFails(
            Code.WRONG_SCHEMA,
            dataSource,
            Map.of(PgHelloSettings.PREFLIGHT, "fail", PgHelloSettings.SCHEMA, schema));
    assertThat(failure)
        .hasMessage(
            "Extension pg_hello is in schema public, but Hibernate is configured for schema \""
                + schema.replace("\"", "\"\"")
                + "\". Set pg-hello.schema to public in Hibernate's settings.");
  }

  @Test
  void reportsWhereToCreateIt(DataSource dataSource) throws SQLException {
    Map<String, Object> settings =
        Map.of(PgHelloSettings.PREFLIGHT, "fail", PgHelloSettings.SCHEMA, "Odd one");
    FunctionCallException failure = assertFails(Code.NOT_CREATED, dataSource, settings);
    assertThat(failure.remedy())
        .isEqualTo(
            "Run in this database, if no other role can create objects in schema \"Odd one\":"
                + " CREATE SCHEMA IF NOT EXISTS \"Odd one\"; CREATE EXTENSION pg_hello SCHEMA \"Odd"
                + " one\";");
    execute(dataSource, failure.remedy().substring(failure.remedy().indexOf("CREATE SCHEMA")));
    start(dataSource, settings);
  }

  @Test
  void reportsAnOutdatedExtension(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE + " VERSION '1.0'");
    Map<String, Object> settings = Map.of(PgHelloSettings.PREFLIGHT, "fail");
    FunctionCallException failure = assertFails(Code.VERSION_TOO_OLD, dataSource, settings);
    assertThat(failure.remedy())
        .isEqualTo("Have the extension's owner run: ALTER EXTENSION pg_hello UPDATE;");
    execute(dataSource, "ALTER EXTENSION pg_hello UPDATE");
    start(dataSource, settings);
  }

  @Test
  void needsNoNewerVersionThanTheClient(DataSource dataSource) throws SQLException {
    execute(dataSource, CREATE + " VERSION '" + PgHelloClient.extension().minimumVersion() + "'");
    start(dataSource, Map.of(PgHelloSettings.PREFLIGHT, "fail"));
    assertThat(logged).isEmpty();
  }

  @Test
  void reportsMissingPrivilegesOfAnotherRole(
      DataSource dataSource, @Superuser DataSource superuser, TestDatabase database)
      throws SQLException {
    execute(superuser, "CREATE ROLE regress_guest LOGIN PASSWORD 'guest'");
    try {
      var guest = database.dataSource().unwrap(PGSimpleDataSource.class);
      guest.setUser("regress_guest");
      guest.setPassword("guest");
      var settings = new HashMap<String, Object>(Map.of("hibernate.hbm2ddl.auto", "none"));
      settings.put(PgHelloSettings.PREFLIGHT, "fail");
      assertThat(assertFails(Code.NOT_CREATED, guest, settings).remedy())
          .startsWith("Role regress_guest may not create it. Have the database's owner ")
          .endsWith(" run in this database: CREATE EXTENSION pg_hello;");
      execute(dataSource, "CREATE SCHEMA closed");
      execute(dataSource, CREATE + " SCHEMA closed");
      execute(superuser, "REVOKE EXECUTE ON FUNCTION closed.now_ms() FROM PUBLIC");
      settings.put(PgHelloSettings.SCHEMA, "closed");
      FunctionCallException failure = assertFails(Code.NO_SCHEMA_PRIVILEGE, guest, settings);
      // one message reports all problems
      assertThat(failure)
          .hasMessage(
              "Role regress_guest may not use schema closed, which contains pg_hello."
                  + " Role regress_guest may not execute now_ms()."
                  + " Have the schema's owner run: GRANT USAGE ON SCHEMA closed TO regress_guest;"
                  + " Unless the privilege was revoked on purpose, have a superuser run:"
                  + " GRANT EXECUTE ON FUNCTION closed.now_ms() TO"
                  + " regress_guest;");
      execute(superuser, "GRANT USAGE ON SCHEMA closed TO regress_guest");
      assertFails(Code.NO_EXECUTE_PRIVILEGE, guest, settings);
      execute(superuser, "GRANT EXECUTE ON FUNCTION closed.now_ms() TO regress_guest");
      start(guest, settings);
    } finally {
      execute(superuser, "DROP OWNED BY regress_guest");
      execute(superuser, "DROP ROLE regress_guest");
    }
  }

  @Test
  void reportsMissingFiles(@TempDir Path folder) throws Exception {
    // a stock server without the extension
    try (EmbeddedPostgres stock =
        EmbeddedPostgres.builder()
            .setOverrideWorkingDirectory(folder.toFile())
            .setLocaleConfig("locale", "C")
            .setServerConfig("unix_socket_directories", "''")
            .start()) {
      assertThat(
              assertFails(
                  Code.FILES_MISSING,
                  stock.getPostgresDatabase(),
                  Map.of(PgHelloSettings.PREFLIGHT, "fail")))
          .hasMessageStartingWith(
              "The files of extension pg_hello are not on the database server.");
    }
  }

  private static void start(@Nullable DataSource dataSource, Map<String, Object> settings) {
    var configuration = new Configuration();
    if (dataSource != null) {
      configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    }
    configuration.getProperties().putAll(settings);
    try (SessionFactory factory = configuration.buildSessionFactory()) {
      assertThat(factory.isOpen()).isTrue();
    }
  }

  private static FunctionCallException assertFails(
      Code code, @Nullable DataSource dataSource, Map<String, Object> settings) {
    var failures = new ArrayList<FunctionCallException>();
    assertThatThrownBy(() -> start(dataSource, settings))
        .isInstanceOfSatisfying(FunctionCallException.class, failures::add);
    assertThat(failures.get(0).code()).isEqualTo(code);
    return failures.get(0);
  }

  private static HikariDataSource pool(DataSource dataSource, boolean autoCommit) {
    var pool = new HikariDataSource();
    pool.setDataSource(dataSource);
    pool.setMaximumPoolSize(1);
    pool.setAutoCommit(autoCommit);
    return pool;
  }

  /**
   * Returns a data source like a container's inside a transaction, which only the container may
   * end.
   */
  private static DataSource enlisted(Connection connection) {
    Set<String> forbidden = Set.of("setAutoCommit", "commit", "rollback");
    Connection view =
        proxy(
            Connection.class,
            (method, arguments) -> {
              if (forbidden.contains(method.getName())) {
                throw new SQLException(method.getName() + " in a transaction of the container");
              }
              return method.getName().equals("close") ? null : method.invoke(connection, arguments);
            });
    return proxy(DataSource.class, (method, arguments) -> view);
  }

  private interface Answer {
    @Nullable Object to(Method method, Object[] arguments)
        throws SQLException, ReflectiveOperationException;
  }

  private static <T> T proxy(Class<T> type, Answer answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return answer.to(method, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().toLowerCase(Locale.ROOT).contains("hibernate"))
        .collect(Collectors.toSet());
  }

  private static void eventually(Runnable assertion) throws InterruptedException {
    long end = System.nanoTime() + 30_000_000_000L;
    while (true) {
      try {
        assertion.run();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        Thread.sleep(10);
      }
    }
  }

  static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return ask(connection, sql);
    }
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getString(1);
    }
  }

  static void execute(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      execute(connection, sql);
    }
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Connections for many tenants, each with its own database. */
  private static final class Tenants
      extends AbstractDataSourceBasedMultiTenantConnectionProviderImpl<String> {
    @Serial private static final long serialVersionUID = 1L;
    private final transient DataSource any;

    Tenants(DataSource any) {
      this.any = any;
    }

    @Override
    protected DataSource selectAnyDataSource() {
      return any;
    }

    @Override
    protected DataSource selectDataSource(String tenant) {
      throw new AssertionError("no tenant is asked for");
    }
  }
}
