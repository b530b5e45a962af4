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
import java.sql.CallableStatement;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.hibernate.MappingException;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.JavaType;
import org.hibernate.annotations.JdbcType;
import org.hibernate.annotations.Type;
import org.hibernate.annotations.TypeRegistration;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.type.AbstractSingleColumnStandardBasicType;
import org.hibernate.type.descriptor.ValueBinder;
import org.hibernate.type.descriptor.ValueExtractor;
import org.hibernate.type.descriptor.WrapperOptions;
import org.hibernate.type.descriptor.java.StringJavaType;
import org.hibernate.type.descriptor.jdbc.BasicBinder;
import org.hibernate.type.descriptor.jdbc.BasicExtractor;
import org.hibernate.type.descriptor.jdbc.VarcharJdbcType;
import org.hibernate.usertype.UserType;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A custom type may convert the value that it writes. */
@PgHelloTest
@NullUnmarked
class UserTypeIT {
  private static String reversed(String value) {
    return value == null ? null : new StringBuilder(value).reverse().toString();
  }

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

  /** The same conversion in a custom Java type. */
  @SuppressWarnings("serial")
  public static class ReversedJava extends StringJavaType {
    @Override
    public <X> X unwrap(String value, Class<X> type, WrapperOptions options) {
      return super.unwrap(reversed(value), type, options);
    }

    @Override
    public <X> String wrap(X value, WrapperOptions options) {
      return reversed(super.wrap(value, options));
    }
  }

  /** The same conversion in a custom JDBC type. */
  @SuppressWarnings("serial")
  public static class ReversedJdbc extends VarcharJdbcType {
    @Override
    public <X> ValueBinder<X> getBinder(org.hibernate.type.descriptor.java.JavaType<X> javaType) {
      return new BasicBinder<>(javaType, this) {
        @Override
        protected void doBind(
            PreparedStatement statement, X value, int index, WrapperOptions options)
            throws SQLException {
          statement.setString(index, reversed((String) value));
        }

        @Override
        protected void doBind(
            CallableStatement statement, X value, String name, WrapperOptions options) {
          throw new UnsupportedOperationException();
        }
      };
    }

    @Override
    public <X> ValueExtractor<X> getExtractor(
        org.hibernate.type.descriptor.java.JavaType<X> javaType) {
      return new BasicExtractor<>(javaType, this) {
        @Override
        protected X doExtract(ResultSet row, int index, WrapperOptions options)
            throws SQLException {
          return javaType.wrap(reversed(row.getString(index)), options);
        }

        @Override
        protected X doExtract(CallableStatement statement, int index, WrapperOptions options) {
          throw new UnsupportedOperationException();
        }

        @Override
        protected X doExtract(CallableStatement statement, String name, WrapperOptions options) {
          throw new UnsupportedOperationException();
        }
      };
    }
  }

  /** The same conversion in the default type of all texts. */
  @SuppressWarnings("serial")
  private static final class ReversedBasic extends AbstractSingleColumnStandardBasicType<String> {
    ReversedBasic() {
      super(new ReversedJdbc(), StringJavaType.INSTANCE);
    }

    @Override
    public String getName() {
      return "reversed";
    }
  }

  @Entity(name = "Backwards")
  static class OfType {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @Type(Reversed.class)
    @WelcomeMessage(of = "name")
    String greeting;
  }

  @Entity(name = "Backwards")
  static class OfJavaType {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @JavaType(ReversedJava.class)
    @WelcomeMessage(of = "name")
    String greeting;
  }

  @Entity(name = "Backwards")
  static class OfJdbcType {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @JdbcType(ReversedJdbc.class)
    @WelcomeMessage(of = "name")
    String greeting;
  }

  @Entity(name = "Backwards")
  @TypeRegistration(basicClass = String.class, userType = Reversed.class)
  static class OfRegisteredType {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @WelcomeMessage(of = "name")
    String greeting;
  }

  @Entity(name = "Backwards")
  static class OfNoType {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @WelcomeMessage(of = "name")
    String greeting;
  }

  @Entity(name = "Returned")
  static class ReturnedOfType {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @Type(Reversed.class)
    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    String greeting;
  }

  @Entity(name = "Returned")
  static class ReturnedOfJavaType {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @JavaType(ReversedJava.class)
    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    String greeting;
  }

  @Entity(name = "Returned")
  static class ReturnedOfJdbcType {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    String name;

    @JdbcType(ReversedJdbc.class)
    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    String greeting;
  }

  static Stream<Arguments> types() {
    Consumer<Configuration> nothing = configuration -> {};
    Consumer<Configuration> basicType =
        configuration ->
            configuration.registerTypeContributor(
                (types, services) ->
                    types
                        .getTypeConfiguration()
                        .getBasicTypeRegistry()
                        .register(new ReversedBasic(), String.class.getName(), "string"));
    Consumer<Configuration> javaType =
        configuration ->
            configuration.registerTypeContributor(
                (types, services) -> types.contributeJavaType(new ReversedJava()));
    Consumer<Configuration> jdbcType =
        configuration ->
            configuration.registerTypeContributor(
                (types, services) -> types.contributeJdbcType(new ReversedJdbc()));
    return Stream.of(
        Arguments.of("@Type", OfType.class, nothing),
        Arguments.of("@JavaType", OfJavaType.class, nothing),
        Arguments.of("@JdbcType", OfJdbcType.class, nothing),
        Arguments.of("@TypeRegistration", OfRegisteredType.class, nothing),
        Arguments.of("contributed basic type", OfNoType.class, basicType),
        Arguments.of("contributed Java type", OfNoType.class, javaType),
        Arguments.of("contributed JDBC type", OfNoType.class, jdbcType));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("types")
  void writesItsFormOfTheGreeting(
      String name, Class<?> entity, Consumer<Configuration> types, DataSource dataSource)
      throws ReflectiveOperationException {
    try (SessionFactory factory = open(dataSource, entity, types)) {
      var constructor = entity.getDeclaredConstructor();
      Object backwards = constructor.newInstance();
      entity.getDeclaredField("name").set(backwards, "Ada");
      factory.inTransaction(session -> session.persist(backwards));
      assertThat(entity.getDeclaredField("greeting").get(backwards)).isEqualTo("Hello, Ada!");
      assertThat(stored(factory)).isEqualTo("!adA ,olleH");
    }
  }

  private static Object stored(SessionFactory factory) {
    return factory.fromTransaction(
        session ->
            session.doReturningWork(
                connection -> {
                  try (var statement = connection.createStatement();
                      ResultSet row = statement.executeQuery("select greeting from Backwards")) {
                    row.next();
                    return row.getString(1);
                  }
                }));
  }

  @Test
  void cannotBeReturnedByAnInsert(DataSource dataSource) {
    for (Class<?> entity :
        new Class<?>[] {ReturnedOfType.class, ReturnedOfJavaType.class, ReturnedOfJdbcType.class}) {
      assertThatThrownBy(() -> open(dataSource, entity, configuration -> {}).close())
          .isInstanceOf(MappingException.class)
          .hasMessageContaining(
              "Returned.greeting has strategy = RETURNING, but has a custom type");
    }
  }

  private static SessionFactory open(
      DataSource dataSource, Class<?> entity, Consumer<Configuration> types) {
    var configuration = new Configuration().addAnnotatedClass(entity);
    types.accept(configuration);
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    configuration.setProperty("hibernate.hbm2ddl.auto", "create-drop");
    return configuration.buildSessionFactory();
  }
}
