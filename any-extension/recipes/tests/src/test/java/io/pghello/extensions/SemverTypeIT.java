// SPDX-License-Identifier: MIT
package io.pghello.extensions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.table;

import io.pghello.extension.testkit.ExtensionTest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.io.Serializable;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.Type;
import org.hibernate.cfg.AvailableSettings;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.type.SqlTypes;
import org.hibernate.usertype.UserType;
import org.jooq.BindingGetResultSetContext;
import org.jooq.BindingSQLContext;
import org.jooq.BindingSetStatementContext;
import org.jooq.Converter;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.SQLDialect;
import org.jooq.impl.AbstractBinding;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PGobject;

/** Maps the type of an extension to a Java type, in JDBC, Hibernate and jOOQ. */
@ExtensionTest(extensions = "semver")
class SemverTypeIT {
  // region java
  /** A version without a suffix such as -rc1. Its type in the database is {@code semver}. */
  public record Semver(int major, int minor, int patch) {
    public static Semver parse(String text) {
      String[] numbers = text.split("\\.", -1);
      return new Semver(
          Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]), Integer.parseInt(numbers[2]));
    }

    @Override
    public String toString() {
      return major + "." + minor + "." + patch;
    }
  }

  // endregion

  // region table
  @BeforeEach
  void create(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE release (id integer PRIMARY KEY, version semver)");
      statement.execute(
          "INSERT INTO release VALUES (1, '1.2.3'), (2, '1.10.0'), (3, '2.0.0'), (4, NULL)");
    }
  }

  // endregion

  // region jdbc
  /** Returns a parameter of the type {@code semver}. */
  static PGobject parameter(Semver version) throws SQLException {
    var parameter = new PGobject();
    parameter.setType("semver");
    parameter.setValue(version.toString());
    return parameter;
  }

  @Test
  void jdbcPassesAndReadsTheType(Connection connection) throws SQLException {
    String sql = "SELECT version FROM release WHERE version > ? ORDER BY version";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setObject(1, parameter(new Semver(1, 9, 0)));
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        assertThat(Semver.parse(row.getString(1))).isEqualTo(new Semver(1, 10, 0));
      }
    }
  }

  // endregion

  @Test
  void jdbcPassesNullsAndArrays(Connection connection) throws SQLException {
    String sql = "SELECT ?::semver IS NULL, ARRAY(SELECT v FROM unnest(?) v ORDER BY v)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      var none = new PGobject();
      none.setType("semver");
      statement.setObject(1, none);
      Array versions = connection.createArrayOf("semver", new Object[] {"2.0.0", "1.0.0"});
      statement.setArray(2, versions);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        assertThat(row.getBoolean(1)).isTrue();
        assertThat((Object[]) row.getArray(2).getArray())
            .extracting(Object::toString)
            .containsExactly("1.0.0", "2.0.0");
      }
    }
  }

  // region hibernate
  /** The mapping for Hibernate 6.6 and 7. */
  public static class SemverType implements UserType<Semver> {
    @Override
    public int getSqlType() {
      return SqlTypes.OTHER;
    }

    @Override
    public Class<Semver> returnedClass() {
      return Semver.class;
    }

    @Override
    public Semver nullSafeGet(
        ResultSet row, int position, SharedSessionContractImplementor session, Object owner)
        throws SQLException {
      String text = row.getString(position);
      return text == null ? null : Semver.parse(text);
    }

    @Override
    public void nullSafeSet(
        PreparedStatement statement,
        Semver value,
        int position,
        SharedSessionContractImplementor session)
        throws SQLException {
      // the server infers the type
      statement.setObject(position, Objects.toString(value, null), Types.OTHER);
    }

    @Override
    public boolean equals(Semver one, Semver other) {
      return Objects.equals(one, other);
    }

    @Override
    public int hashCode(Semver value) {
      return Objects.hashCode(value);
    }

    @Override
    public Semver deepCopy(Semver value) {
      return value;
    }

    @Override
    public boolean isMutable() {
      return false;
    }

    @Override
    public Serializable disassemble(Semver value) {
      return Objects.toString(value, null);
    }

    @Override
    public Semver assemble(Serializable cached, Object owner) {
      return cached == null ? null : Semver.parse((String) cached);
    }
  }

  @Entity(name = "Release")
  @Table(name = "release")
  static class Release {
    @Id private int id;

    @Type(SemverType.class)
    @Column(columnDefinition = "semver")
    private Semver version;
  }

  @Test
  void hqlComparesVersions(DataSource dataSource) {
    try (SessionFactory factory = factory(dataSource)) {
      List<Semver> newer =
          factory.fromSession(
              session ->
                  session
                      .createSelectionQuery(
                          "select version from Release where version > :version order by version",
                          Semver.class)
                      .setParameter("version", new Semver(1, 9, 0))
                      .list());
      assertThat(newer).containsExactly(new Semver(1, 10, 0), new Semver(2, 0, 0));
    }
  }

  // endregion

  @Test
  void hibernateWritesVersionsAndNulls(DataSource dataSource) {
    try (SessionFactory factory = factory(dataSource)) {
      factory.inTransaction(
          session -> {
            assertThat(session.find(Release.class, 4).version).isNull();
            session.find(Release.class, 4).version = new Semver(3, 0, 0);
            session.find(Release.class, 1).version = null;
          });
      factory.inSession(
          session -> {
            assertThat(session.find(Release.class, 4).version).isEqualTo(new Semver(3, 0, 0));
            assertThat(session.find(Release.class, 1).version).isNull();
          });
    }
  }

  // region factory
  private static SessionFactory factory(DataSource dataSource) {
    var configuration = new Configuration().addAnnotatedClass(Release.class);
    configuration.getProperties().put(AvailableSettings.JAKARTA_NON_JTA_DATASOURCE, dataSource);
    return configuration.buildSessionFactory();
  }

  // endregion

  // region jooq
  /** The mapping for jOOQ. */
  public static class SemverBinding extends AbstractBinding<Object, Semver> {
    private static final long serialVersionUID = 1L;

    @Override
    public Converter<Object, Semver> converter() {
      return Converter.ofNullable(
          Object.class, Semver.class, text -> Semver.parse(text.toString()), Semver::toString);
    }

    @Override
    public void sql(BindingSQLContext<Semver> context) {
      context.render().visit(DSL.val(context.convert(converter()).value())).sql("::semver");
    }

    @Override
    public void set(BindingSetStatementContext<Semver> context) throws SQLException {
      context
          .statement()
          .setString(context.index(), Objects.toString(context.convert(converter()).value(), null));
    }

    @Override
    public void get(BindingGetResultSetContext<Semver> context) throws SQLException {
      context.convert(converter()).value(context.resultSet().getString(context.index()));
    }
  }

  @Test
  void jooqComparesVersions(Connection connection) {
    DSLContext create = DSL.using(connection, SQLDialect.POSTGRES);
    Field<Semver> version =
        field(name("version"), SQLDataType.OTHER.asConvertedDataType(new SemverBinding()));

    List<Semver> newer =
        create
            .select(version)
            .from(table(name("release")))
            .where(version.gt(new Semver(1, 9, 0)))
            .orderBy(version)
            .fetch(version);

    assertThat(newer).containsExactly(new Semver(1, 10, 0), new Semver(2, 0, 0));
  }

  // endregion

  @Test
  void jooqWritesVersionsAndNulls(Connection connection) {
    DSLContext create = DSL.using(connection, SQLDialect.POSTGRES);
    Field<Integer> id = field(name("id"), Integer.class);
    Field<Semver> version =
        field(name("version"), SQLDataType.OTHER.asConvertedDataType(new SemverBinding()));
    create
        .update(table(name("release")))
        .set(version, new Semver(3, 0, 0))
        .where(id.eq(4))
        .execute();
    create.update(table(name("release"))).setNull(version).where(id.eq(1)).execute();
    assertThat(create.select(version).from(table(name("release"))).orderBy(id).fetch(version))
        .containsExactly(null, new Semver(1, 10, 0), new Semver(2, 0, 0), new Semver(3, 0, 0));
  }
}
