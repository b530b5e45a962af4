package ${package};

import static org.junit.jupiter.api.Assertions.*;

import ${package}.generated.Routines;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.extension.testkit.*;
import jakarta.persistence.*;
import java.sql.*;
import java.time.Duration;
import java.util.concurrent.*;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.hibernate.cfg.Configuration;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "${extensionName}")
class ${className}Test {
  @Test
  void answersManyThreadsByFewStatements(DataSource dataSource, WireProxy proxy) throws Exception {
    var threads = Executors.newCachedThreadPool();
    try (var client = ${className}Client.create(dataSource)) {
      assertEquals(7, client.distanceAsync(-3, 4).join());
      proxy.delay(Duration.ofMillis(100));
      long before = proxy.statements();
      var calls = IntStream.range(0, 100).mapToObj(i -> (Callable<Double>) () -> client.distance(i, 2 * i) - i);
      for (var call : threads.invokeAll(calls.toList())) {
        assertEquals(0, call.get());
      }
      assertTrue(proxy.statements() - before < 30);
    }
    threads.shutdown();
  }

## region list
  @Test
  void answersAListInOneStatement(DataSource dataSource, WireProxy proxy) throws Exception {
    try (var client = ${className}Client.create(dataSource)) {
      client.distance(-3, 4);
      var pairs = IntStream.range(0, 1000).mapToObj(i -> new double[] {i, 2 * i}).toList();
      long before = proxy.statements();
      var answers = client.distanceAll(pairs);
      // one statement for the list, and one statement of the driver, which sets up the new connection
      assertEquals(2, proxy.statements() - before);
      assertEquals(IntStream.range(0, 1000).mapToObj(i -> (double) i).toList(), answers);
    }
  }
## endregion

  @Test
  void rejectsInvalidArgumentsAndWrongAnswers(DataSource dataSource, @Superuser Connection other) throws SQLException {
    try (var client = ${className}Client.create(dataSource)) {
      var refusal = assertThrows(FunctionCallException.class, () -> client.distance(0, Double.NaN));
      assertEquals("22003", refusal.sqlState().orElseThrow());
      assertInstanceOf(SQLException.class, refusal.getCause());
      DSL.using(other).execute(
          "CREATE OR REPLACE FUNCTION ${extensionName}_distance_all(a float8[], b float8[])"
              + " RETURNS float8[] IMMUTABLE STRICT PARALLEL SAFE RETURN '{-1}'::float8[]");
      var wrong = assertThrows(FunctionCallException.class, () -> client.distance(1, 2)).code();
      assertEquals(FunctionCallException.Code.RESPONSE_MISMATCH, wrong);
    }
  }

  @Test
  void reportsInstallationProblems(DataSource dataSource, Connection connection) throws SQLException {
    var sql = DSL.using(connection);
    sql.execute("DROP EXTENSION ${extensionName}");
    assertRemedy("CREATE EXTENSION ${extensionName};", dataSource);
    sql.execute("CREATE SCHEMA \"else where\"");
    sql.execute("CREATE EXTENSION ${extensionName} SCHEMA \"else where\" VERSION '1.0'");
    assertRemedy("ALTER EXTENSION ${extensionName} UPDATE;", dataSource);
    sql.execute("ALTER EXTENSION ${extensionName} UPDATE");
    ${className}Client.create(dataSource).close();
  }

  private static void assertRemedy(String remedy, DataSource dataSource) {
    var refusal =
        assertThrows(ExtensionException.class, () -> ${className}Client.create(dataSource));
    assertTrue(refusal.getMessage().endsWith(": " + remedy), refusal.getMessage());
  }

  @Entity // without an entity, Hibernate creates no schema
  static class Place {
    @Id int id;
  }

  @Test
  void isCreatedByHibernateAndAnswersIt(DataSource dataSource, Connection connection) {
    DSL.using(connection).execute("DROP EXTENSION ${extensionName}");
    var configuration = new Configuration().addAnnotatedClass(Place.class);
    configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", dataSource);
    configuration.setProperty("hibernate.hbm2ddl.auto", "create");
    configuration.setProperty(ExtensionSettings.CREATE, "${extensionName}");
    configuration.setProperty(ExtensionSettings.CHECK, "${extensionName}");
    configuration.setProperty(ExtensionSettings.PREFLIGHT, "fail");
    try (var factory = configuration.buildSessionFactory();
        var session = factory.openSession()) {
      var query =
          session.createSelectionQuery("select ${extensionName}_distance(:a, 4e0)", Double.class);
      assertEquals(7, query.setParameter("a", -3.0).getSingleResult());
    }
  }

  @Test
  void answersJooqByFunctionAndOperator(DataSource dataSource) {
    var jooq = DSL.using(dataSource, SQLDialect.POSTGRES);
    var field = Routines.${className.substring(0,1).toLowerCase()}${className.substring(1)}Distance(DSL.val(-3.0), DSL.val(4.0));
    assertEquals(7, jooq.select(field).fetchOne(field));
    assertEquals(2.5, jooq.fetchValue("SELECT 1.5::float8 <-> 4"));
  }
}
