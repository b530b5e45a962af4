// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static io.pghello.jooq.PgHello.nowMs;
import static io.pghello.jooq.PgHello.pgHello;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloTest;
import java.io.Serial;
import java.sql.Connection;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.SQLDialect;
import org.jooq.TableField;
import org.jooq.impl.CustomRecord;
import org.jooq.impl.CustomTable;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.junit.jupiter.api.Test;

/** The snippets of the guide, with a table like jOOQ's generated ones. */
@PgHelloTest
class GuideIT {
  static final class User extends CustomRecord<User> {
    @Serial private static final long serialVersionUID = 1L;

    User() {
      super(USERS);
    }
  }

  @SuppressWarnings("MemberName") // as jOOQ names columns
  static final class Users extends CustomTable<User> {
    @Serial private static final long serialVersionUID = 1L;

    final TableField<User, String> USERNAME =
        createField(DSL.name("username"), SQLDataType.VARCHAR, this);

    Users() {
      super(DSL.name("users"));
    }

    @Override
    public Class<User> getRecordType() {
      return User.class;
    }
  }

  private static final Users USERS = new Users();

  @Test
  void greetsUsers(Connection connection) {
    // region context
    DSLContext ctx = DSL.using(connection, SQLDialect.POSTGRES);
    // endregion
    ctx.execute("create table users (username text)");
    ctx.insertInto(USERS, USERS.USERNAME).values("Ada").execute();
    var rows =
        // region select
        ctx.select(pgHello(USERS.USERNAME), nowMs()).from(USERS).fetch();
    // endregion
    assertThat(rows).hasSize(1);
    assertThat(rows.get(0).value1()).isEqualTo("Hello, Ada!");
    assertThat(rows.get(0).value2()).isPositive();
    // region function
    Field<String> greeting =
        DSL.function(DSL.name("pg_hello"), SQLDataType.CLOB, USERS.USERNAME, DSL.val(2));
    // endregion
    assertThat(ctx.select(greeting).from(USERS).fetchOne(0)).isEqualTo("Hello, Ada! Hello, Ada!");
  }
}
