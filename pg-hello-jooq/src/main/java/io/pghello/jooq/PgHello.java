// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import io.pghello.jooq.generated.Routines;
import io.pghello.jooq.internal.ExtensionRoutine;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jooq.Configuration;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record3;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/**
 * The functions of the extension {@code pg_hello} for jOOQ. Import them statically:
 *
 * <pre>{@code
 * import static io.pghello.jooq.PgHello.nowMs;
 * import static io.pghello.jooq.PgHello.pgHello;
 *
 * ctx.select(pgHello(USERS.USERNAME), nowMs()).from(USERS).fetch();
 * }</pre>
 *
 * <p>What jOOQ's generator makes of the functions is in the superclass, so that one import has all
 * of it; here is what it leaves out. Methods that return a {@link Field} or a {@link Table} are
 * parts of a statement and make no round trip of their own. Those that take a configuration or a
 * context call the server, in one round trip; what goes wrong there is a {@link
 * org.jooq.exception.DataAccessException}, as always with jOOQ.
 *
 * <p>A name that is given as a value is refused where the method is called, with an {@link
 * IllegalArgumentException}, if PostgreSQL's type text cannot hold it: with U+0000 or an unpaired
 * surrogate. A value that is bound later is not looked at.
 *
 * <p>Functions are rendered without a schema, so the server finds the functions by its {@code
 * search_path}. {@link #inSchema} is for an extension that is elsewhere, and jOOQ's mapping of the
 * default schema holds as well. Other dialects than PostgreSQL's fail with an {@link
 * org.jooq.exception.SQLDialectNotSupportedException} that says so, before anything is sent.
 *
 * <p>Thread-safe: there is no state. The fields and tables are as thread-safe as jOOQ's own, and as
 * serializable.
 */
public final class PgHello extends Routines {
  private static final int REPEAT_MIN = 1;
  private static final int REPEAT_MAX = 10;
  private static final EpochMillisConverter EPOCH_MILLIS = new EpochMillisConverter();

  private PgHello() {}

  /**
   * Calls {@code pg_hello(text, integer)} for a column or an expression, with a count that is the
   * same for all rows.
   *
   * @param name a field that may be NULL, and then the greeting is NULL
   * @param repeat how often each name is greeted, 1 to 10; a part of the statement's text, so that
   *     the same call is known to be the same in {@code GROUP BY} and {@code ORDER BY}, and an
   *     index on it is used
   * @throws IllegalArgumentException if the count is none of these
   */
  public static Field<String> pgHello(Field<String> name, int repeat) {
    return pgHello(Objects.requireNonNull(name, "name"), DSL.inline(checked(repeat)));
  }

  /**
   * Calls {@code pg_hello(text)} for a value that may be null, and then the greeting is NULL. Other
   * than with {@code pgHello(null)}, which could be a field or a value, a compiler knows what is
   * meant.
   *
   * @param name the name, sent as a bind value
   */
  public static Field<String> pgHelloOrNull(@Nullable String name) {
    return pgHello(DSL.val(name, SQLDataType.CLOB));
  }

  /**
   * Calls {@code pg_hello(text, integer)} for values that may be null: if either is, the greeting
   * is NULL.
   *
   * @param name the name, sent as a bind value
   * @param repeat how often it is greeted, 1 to 10; sent as a bind value
   * @throws IllegalArgumentException if the count is there and is none of these
   */
  public static Field<String> pgHelloOrNull(@Nullable String name, @Nullable Integer repeat) {
    return pgHello(
        DSL.val(name, SQLDataType.CLOB),
        DSL.val(repeat == null ? null : checked(repeat), SQLDataType.INTEGER));
  }

  /**
   * Calls {@code pg_hello_all(text[], integer[])}: greets many names in one round trip, as many
   * times as the setting {@code pg_hello.repeat} says. Without a name, there is no round trip.
   *
   * @param ctx where it runs: in its transaction, if there is one
   * @param names none of them null; all are sent in one message, which PostgreSQL limits to 1 GB
   * @return the greetings in the order of the names, unmodifiable
   * @throws NullPointerException if a name is null; the message has its index
   * @throws IllegalArgumentException if a name has U+0000 or an unpaired surrogate
   * @throws org.jooq.exception.DataAccessException if the server reports an error
   */
  public static List<String> pgHello(DSLContext ctx, Collection<String> names) {
    Objects.requireNonNull(ctx, "ctx");
    String[] array = array(names);
    if (array.length == 0) {
      return List.of();
    }
    return List.of(pgHelloAll(ctx.configuration(), array, null));
  }

  /**
   * Calls {@code pg_hello_all(text[], integer[])} as a table of one row for each name, to select
   * from and to join. Its columns are {@code position} (from 1, in the order of the names), {@code
   * name} and {@code greeting}; its alias is {@code pg_hello_all}, until {@code as(…)} gives it
   * another.
   *
   * @param names none of them null; sent as one bind value
   * @throws NullPointerException if a name is null; the message has its index
   * @throws IllegalArgumentException if a name has U+0000 or an unpaired surrogate
   */
  public static Table<Record3<Long, String, String>> pgHelloTable(Collection<String> names) {
    Field<String[]> all = DSL.field(DSL.name("names", "names"), String[].class);
    String[] array = array(names);
    ExtensionRoutine.checkText("names", array);
    Table<?> source =
        DSL.select(DSL.val(array, SQLDataType.CLOB.array()).as("names")).asTable("names");
    Field<Long> position = DSL.field(DSL.name("n", "position"), SQLDataType.BIGINT);
    Field<String> name = DSL.field(DSL.name("n", "name"), SQLDataType.CLOB);
    Field<String> greeting = DSL.field(DSL.name("n", "greeting"), SQLDataType.CLOB);
    return DSL.select(position, name, greeting)
        .from(source)
        .crossJoin(
            // jOOQ has unnest of one array only
            DSL.table(
                    "unnest({0}, {1}) with ordinality",
                    all, pgHelloAll(all, DSL.val(null, SQLDataType.INTEGER.array())))
                .as("n", "name", "greeting", "position"))
        .asTable("pg_hello_all");
  }

  /** Calls {@code now_ms()}, the wall clock of the server, as an instant with milliseconds. */
  public static Field<Instant> nowMsInstant() {
    return nowMs().convert(EPOCH_MILLIS);
  }

  /**
   * Returns a context like another one, in which the functions are called in a schema, as where
   * {@code CREATE EXTENSION pg_hello SCHEMA ext} was run. Nothing else is looked for there.
   *
   * @param ctx any; it stays as it is, and the new one shares its connections and transactions
   * @param schema the name of the schema, not quoted; it prevails over the settings, over a mapping
   *     as over {@code renderSchema} false
   * @throws IllegalArgumentException if the name is blank
   */
  public static DSLContext inSchema(DSLContext ctx, String schema) {
    Configuration derived = ctx.configuration().derive();
    setSchema(derived, schema);
    return derived.dsl();
  }

  /**
   * Lets a configuration, and all that is derived from it afterwards, call the functions in a
   * schema, as {@link #inSchema} does for a new one. For a configuration that is not yet shared
   * between threads.
   *
   * @param configuration is changed
   * @param schema the name of the schema, not quoted; it prevails over the settings, over a mapping
   *     as over {@code renderSchema} false
   * @throws IllegalArgumentException if the name is blank
   */
  public static void setSchema(Configuration configuration, String schema) {
    ExtensionRoutine.setSchema(configuration, notBlank(schema));
  }

  /**
   * Returns the schema that {@link #setSchema} or {@link #inSchema} has told a configuration, or
   * one that it is derived from.
   *
   * @return not quoted; null if none has been told
   */
  public static @Nullable String schema(Configuration configuration) {
    return ExtensionRoutine.schema(configuration);
  }

  private static String notBlank(String schema) {
    if (schema.isBlank()) {
      throw new IllegalArgumentException("schema must not be blank");
    }
    return schema;
  }

  private static int checked(int repeat) {
    if (repeat < REPEAT_MIN || repeat > REPEAT_MAX) {
      throw new IllegalArgumentException(
          "repeat must be between " + REPEAT_MIN + " and " + REPEAT_MAX + ", but is " + repeat);
    }
    return repeat;
  }

  private static String[] array(Collection<String> names) {
    String[] array = names.toArray(String[]::new);
    for (int i = 0; i < array.length; i++) {
      Objects.requireNonNull(array[i], "name " + i);
    }
    return array;
  }
}
