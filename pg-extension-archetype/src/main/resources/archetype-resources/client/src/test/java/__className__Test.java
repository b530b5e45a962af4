package ${package};

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ${package}.generated.Routines;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.extension.testkit.ExtensionTest;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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
  void saysWhatIsMissing(DataSource dataSource, Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("DROP EXTENSION ${extensionName}");
      assertRemedy("CREATE EXTENSION ${extensionName};", dataSource);
      statement.execute("CREATE SCHEMA \"else where\"");
      statement.execute(
          "CREATE EXTENSION ${extensionName} SCHEMA \"else where\" VERSION '1.0'");
      assertRemedy("ALTER EXTENSION ${extensionName} UPDATE;", dataSource);
      statement.execute("ALTER EXTENSION ${extensionName} UPDATE");
    }
    assertEquals(2, ${className}Client.create(dataSource).distance(0, 2));
  }

  private static void assertRemedy(String remedy, DataSource dataSource) {
    var refusal =
        assertThrows(ExtensionException.class, () -> ${className}Client.create(dataSource));
    assertTrue(refusal.getMessage().endsWith(": " + remedy), refusal.getMessage());
  }

  @Test
  void hasAnOperator(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT 1.5::float8 <-> 4")) {
      row.next();
      assertEquals(2.5, row.getDouble(1));
    }
  }

  @Entity // without any, Hibernate creates no schema
  static class Place {
    @Id int id;
  }

  @Test
  void isCreatedByHibernateAndAnswersIt(DataSource dataSource, Connection connection)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("DROP EXTENSION ${extensionName}");
    }
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
  void answersJooq(DataSource dataSource) {
    var field = Routines.${className.substring(0,1).toLowerCase()}${className.substring(1)}Distance(DSL.val(-3.0), DSL.val(4.0));
    assertEquals(7, DSL.using(dataSource, SQLDialect.POSTGRES).select(field).fetchOne(field));
  }
}
