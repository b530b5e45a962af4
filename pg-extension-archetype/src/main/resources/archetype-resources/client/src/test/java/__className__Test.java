package ${package};

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ${package}.generated.Routines;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.WireProxy;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.hibernate.cfg.Configuration;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "${extensionName}")
class ${className}Test {
  @Test
  void answersTheClient(DataSource dataSource) throws SQLException {
    var client = ${className}Client.create(dataSource);
    assertEquals(7, client.distance(-3, 4));
    var refusal = assertThrows(SQLException.class, () -> client.distance(0, Double.NaN));
    assertEquals("22003", refusal.getSQLState());
  }

  @Test
  void answersListsInOneRoundTrip(
      DataSource dataSource, WireProxy proxy, @Superuser Connection other) throws Exception {
    var client = ${className}Client.create(dataSource);
    long logIn = proxy.countRoundTrips(() -> dataSource.getConnection().close());
    proxy.assertRoundTrips(
        logIn + 1,
        () -> assertEquals(List.of(7.0, 0.0, 2.0), client.distanceAll(3, List.of(-4.0, 3.0, 5.0))));
    assertEquals(List.of(), client.distanceAll(3, List.of()));
    DSL.using(other)
        .execute(
            "CREATE OR REPLACE FUNCTION ${extensionName}_distance_all(a float8, b float8[]) RETURNS float8[]"
                + " IMMUTABLE STRICT PARALLEL SAFE RETURN '{1}'::float8[]");
    assertThrows(SQLException.class, () -> client.distanceAll(3, List.of(1.0, 2.0)));
  }

  @Test
  void saysWhatIsMissing(DataSource dataSource, Connection connection) throws SQLException {
    var sql = DSL.using(connection);
    sql.execute("DROP EXTENSION ${extensionName}");
    assertRemedy("CREATE EXTENSION ${extensionName};", dataSource);
    sql.execute("CREATE SCHEMA \"else where\"");
    sql.execute("CREATE EXTENSION ${extensionName} SCHEMA \"else where\" VERSION '1.0'");
    assertRemedy("ALTER EXTENSION ${extensionName} UPDATE;", dataSource);
    sql.execute("ALTER EXTENSION ${extensionName} UPDATE");
    assertEquals(2, ${className}Client.create(dataSource).distance(0, 2));
  }

  private static void assertRemedy(String remedy, DataSource dataSource) {
    var refusal =
        assertThrows(ExtensionException.class, () -> ${className}Client.create(dataSource));
    assertTrue(refusal.getMessage().endsWith(": " + remedy), refusal.getMessage());
  }

  @Entity // without any, Hibernate creates no schema
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
