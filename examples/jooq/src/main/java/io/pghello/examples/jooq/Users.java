// SPDX-License-Identifier: MIT
package io.pghello.examples.jooq;

import io.pghello.examples.shared.GreetingConfig;
import io.pghello.jooq.EpochMillisConverter;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** The users of an application, and how often they are greeted. As thread-safe as its context. */
final class Users {
  // What a generator makes of the tables; few enough here to write by hand.
  private static final Table<Record> USERS = DSL.table(DSL.name("users"));
  private static final Field<Integer> ID = DSL.field(DSL.name("users", "id"), SQLDataType.INTEGER);
  private static final Field<String> USERNAME =
      DSL.field(DSL.name("users", "username"), SQLDataType.VARCHAR(50));
  private static final Field<String> EMAIL =
      DSL.field(DSL.name("users", "email"), SQLDataType.VARCHAR(100));
  private static final Field<String> WELCOME_MESSAGE =
      DSL.field(DSL.name("users", "welcome_message"), SQLDataType.CLOB);
  private static final Field<Instant> CREATED_AT =
      DSL.field(DSL.name("users", "created_at"), SQLDataType.BIGINT)
          .convert(new EpochMillisConverter());

  /**
   * A user.
   *
   * @param greeting what a greeting would be now, while the welcome message stays
   */
  record User(String username, Instant createdAt, String welcomeMessage, String greeting) {}

  private final DSLContext ctx;

  Users(DSLContext ctx) {
    this.ctx = ctx;
  }

  /** Creates tables, functions and the trigger. */
  void createSchema() {
    // as they are: jOOQ would take braces and question marks for its own
    ctx.connection(
        connection -> {
          GreetingConfig.create(connection);
          GreetingConfig.runScript(connection, Users.class, "schema.sql");
        });
  }

  /** Adds users in one statement. The database sets the time, and its trigger welcomes them. */
  void signUp(Collection<String> names) {
    var insert = ctx.insertInto(USERS, USERNAME, EMAIL);
    for (String name : names) {
      insert = insert.values(name, name.replace(' ', '.') + "@example.com");
    }
    insert.execute();
  }

  /** Changes how often new users are greeted, for all connections, and says what it was before. */
  String updateGreetingConfig(int repeat) {
    return ctx.select(
            DSL.function(DSL.name("update_greeting_config"), SQLDataType.CLOB, DSL.val(repeat)))
        .fetchSingle()
        .value1();
  }

  // region wrapper
  /** The application's own function around the extension's, as a generator would make it. */
  private static Field<String> greet(Field<String> name) {
    return DSL.function(DSL.name("greet"), SQLDataType.CLOB, name);
  }

  // endregion

  /** Reads all users, in the order in which they signed up, with the greetings of today. */
  List<User> report() {
    return ctx.select(USERNAME, CREATED_AT, WELCOME_MESSAGE, greet(USERNAME))
        .from(USERS)
        .orderBy(ID)
        .fetch(row -> new User(row.value1(), row.value2(), row.value3(), row.value4()));
  }
}
