// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import java.io.Serializable;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Objects;
import javax.sql.DataSource;
import org.hibernate.MappingException;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.Type;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.usertype.UserType;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** A type of the program's own may write something else than what it is given. */
@PgHelloTest
@NullUnmarked
class UserTypeIT {
  /** Text that is stored backwards. */
  public static class Reversed implements UserType<String> {
    @Override
    public int getSqlType() {
      return Types.VARCHAR;
    }

    @Override
    public Class<String> returnedClass() {
      return String.class;
    }

    @Override
    public boolean equals(String x, String y) {
      return Objects.equals(x, y);
    }

    @Override
    public int hashCode(String x) {
      return x.hashCode();
    }

    @Override
    public String nullSafeGet(
        ResultSet row, int position, SharedSessionContractImplementor session, Object owner)
        throws SQLException {
      return reversed(row.getString(position));
    }

    @Override
    public void nullSafeSet(
        PreparedStatement statement,
        String value,
        int index,
        SharedSessionContractImplementor session)
        throws SQLException {
      statement.setString(index, reversed(value));
    }

    private static String reversed(String value) {
      return value == null ? null : new StringBuilder(value).reverse().toString();
    }

    @Override
    public String deepCopy(String value) {
      return value;
    }

    @Override
    public boolean isMutable() {
      return false;
    }

    @Override
    public Serializable disassemble(String value) {
      return value;
    }

    @Override
    public String assemble(Serializable cached, Object owner) {
      return (String) cached;
    }
  }

  @Entity(name = "Backwards")
  static class Backwards {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @Type(Reversed.class)
    @WelcomeMessage(of = "name")
    String greeting;
  }

  @Entity(name = "Returned")
  static class Returned {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @Type(Reversed.class)
    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    String greeting;
  }

  @Test
  void writesItsFormOfTheGreeting(DataSource dataSource) {
    try (SessionFactory factory = open(dataSource, Backwards.class)) {
      var entity = new Backwards();
      entity.name = "Ada";
      factory.inTransaction(session -> session.persist(entity));
      assertThat(entity.greeting).isEqualTo("Hello, Ada!");
      factory.inTransaction(
          session ->
              assertThat(
                      session
                          .createNativeQuery("select greeting from Backwards", String.class)
                          .getSingleResult())
                  .isEqualTo("!adA ,olleH"));
    }
  }

  @Test
  void isNotWhatAnInsertCanReturn(DataSource dataSource) {
    assertThatThrownBy(() -> open(dataSource, Returned.class).close())
        .isInstanceOf(MappingException.class)
        .hasMessageContaining("Returned.greeting has strategy = RETURNING, and has a @Type");
  }

  private static SessionFactory open(DataSource dataSource, Class<?> entity) {
    var configuration = new Configuration().addAnnotatedClass(entity);
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    configuration.setProperty("hibernate.hbm2ddl.auto", "create-drop");
    return configuration.buildSessionFactory();
  }
}
