// SPDX-License-Identifier: MIT
package io.pghello.examples.jooq;

import static io.pghello.jooq.PgHello.pgHello;

import io.pghello.jooq.EpochMillisConverter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
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
  void createSchema() throws IOException {
    try (InputStream sql =
        Objects.requireNonNull(Users.class.getResourceAsStream("schema.sql"), "schema.sql")) {
      // as it is: jOOQ would take braces and question marks for its own
      String script = new String(sql.readAllBytes(), StandardCharsets.UTF_8);
      ctx.connection(
          connection -> {
            try (var statement = connection.createStatement()) {
              statement.execute(script);
            }
          });
    }
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

  /** Reads all users, in the order in which they signed up, with the greetings of today. */
  List<User> report() {
    Field<Integer> repeat = DSL.function(DSL.name("greeting_repeat"), SQLDataType.INTEGER);
    return ctx.select(USERNAME, CREATED_AT, WELCOME_MESSAGE, pgHello(USERNAME, repeat))
        .from(USERS)
        .orderBy(ID)
        .fetch(row -> new User(row.value1(), row.value2(), row.value3(), row.value4()));
  }
}
