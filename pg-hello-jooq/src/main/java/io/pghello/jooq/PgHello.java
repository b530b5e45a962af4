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
 * <p>One import covers all functions: the superclass contains the routines that jOOQ's generator
 * created, and this class adds the forms that the generator does not create.
 *
 * <p>Methods that return a {@link Field} or a {@link Table} build only a part of a statement and
 * need no round trip. Methods that execute a query, given a configuration or a context, take one
 * round trip, and throw a {@link org.jooq.exception.DataAccessException} if the query fails.
 *
 * <p>Thread-safe and stateless. The returned fields and tables have the same thread safety and
 * serializability as jOOQ's own. Limits:
 *
 * <ul>
 *   <li>Functions are rendered without a schema, so the server resolves them through the session's
 *       {@code search_path}. If the extension's schema is not on this path, use {@link #inSchema}
 *       or map jOOQ's default schema.
 *   <li>A method throws an {@link IllegalArgumentException} if a name passed as a value contains
 *       U+0000 or an unpaired surrogate, which PostgreSQL's type {@code text} cannot store. Values
 *       that you bind later are not checked.
 *   <li>Dialects other than PostgreSQL fail with a {@link
 *       org.jooq.exception.SQLDialectNotSupportedException} before anything is sent.
 * </ul>
 */
public final class PgHello extends Routines {
  private static final int REPEAT_MIN = 1;
  private static final int REPEAT_MAX = 10;
  private static final EpochMillisConverter EPOCH_MILLIS = new EpochMillisConverter();

  private PgHello() {}

  /**
   * Calls {@code pg_hello(text, integer)} for a column or an expression, with the same repeat count
   * for all rows.
   *
   * @param name the field to greet; if it is NULL, the greeting is NULL
   * @param repeat the number of greetings per name, 1 to 10. The number is rendered inline, so that
   *     PostgreSQL recognises the same call in {@code GROUP BY} and {@code ORDER BY}, and can use
   *     an index on this call.
   * @throws IllegalArgumentException if {@code repeat} is out of range
   */
  public static Field<String> pgHello(Field<String> name, int repeat) {
    return pgHello(Objects.requireNonNull(name, "name"), DSL.inline(checked(repeat)));
  }

  /**
   * Calls {@code pg_hello(text)} for a value that may be null. Use this method instead of {@code
   * pgHello(null)}, which is ambiguous between a field and a value.
   *
   * @param name the name, sent as a bind value; if it is null, the greeting is NULL
   */
  public static Field<String> pgHelloOrNull(@Nullable String name) {
    return pgHello(DSL.val(name, SQLDataType.CLOB));
  }

  /**
   * Calls {@code pg_hello(text, integer)} for values that may be null. If either is null, the
   * greeting is NULL.
   *
   * @param name the name, sent as a bind value
   * @param repeat the number of greetings, 1 to 10, sent as a bind value
   * @throws IllegalArgumentException if {@code repeat} is out of range
   */
  public static Field<String> pgHelloOrNull(@Nullable String name, @Nullable Integer repeat) {
    return pgHello(
        DSL.val(name, SQLDataType.CLOB),
        DSL.val(repeat == null ? null : checked(repeat), SQLDataType.INTEGER));
  }

  /**
   * Greets many names in one round trip with {@code pg_hello_all(text[], integer[])}. The session's
   * setting {@code pg_hello.repeat} determines the number of greetings. An empty collection needs
   * no round trip.
   *
   * @param ctx the context that executes the query, in its transaction if there is one
   * @param names the names, without null elements. All names are sent in one message, which
   *     PostgreSQL limits to 1 GB.
   * @return an unmodifiable list of greetings, in the order of the names
   * @throws NullPointerException if a name is null; the message contains its index
   * @throws IllegalArgumentException if a name contains U+0000 or an unpaired surrogate
   * @throws org.jooq.exception.DataAccessException if the query fails
   */
  public static List<String> fetchPgHello(DSLContext ctx, Collection<String> names) {
    Objects.requireNonNull(ctx, "ctx");
    String[] array = array(names);
    if (array.length == 0) {
      return List.of();
    }
    return List.of(pgHelloAll(ctx.configuration(), array, null));
  }

  /**
   * Returns {@code pg_hello_all(text[], integer[])} as a table with one row per name, for use in
   * FROM or JOIN. The columns are {@code position, name, greeting}; positions start at 1, in the
   * order of the names. The alias is {@code pg_hello_all} unless you change it with {@code as(…)}.
   *
   * @param names the names, without null elements; sent as one bind value
   * @throws NullPointerException if a name is null; the message contains its index
   * @throws IllegalArgumentException if a name contains U+0000 or an unpaired surrogate
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
            // jOOQ's unnest supports only a single array
            DSL.table(
                    "unnest({0}, {1}) with ordinality",
                    all, pgHelloAll(all, DSL.val(null, SQLDataType.INTEGER.array())))
                .as("n", "name", "greeting", "position"))
        .asTable("pg_hello_all");
  }

  /** Calls {@code now_ms()}: the server's wall clock, with a precision of milliseconds. */
  public static Field<Instant> nowMsInstant() {
    return nowMs().convert(EPOCH_MILLIS);
  }

  /**
   * Returns a copy of a context that qualifies the functions with a schema, for example after
   * {@code CREATE EXTENSION pg_hello SCHEMA ext}. Other names are rendered as before.
   *
   * @param ctx the original context, which is not changed. The copy shares the connections and
   *     transactions of the original.
   * @param schema the unquoted name of the schema. It overrides the settings, including a schema
   *     mapping and {@code renderSchema}.
   * @throws IllegalArgumentException if the name is blank
   */
  public static DSLContext inSchema(DSLContext ctx, String schema) {
    Configuration derived = ctx.configuration().derive();
    setSchema(derived, schema);
    return derived.dsl();
  }

  /**
   * Qualifies the functions with a schema in an existing configuration, and in configurations that
   * are derived from it later. Call this before the configuration is shared between threads.
   *
   * @param configuration the configuration to change
   * @param schema the unquoted name of the schema. It overrides the settings, including a schema
   *     mapping and {@code renderSchema}.
   * @throws IllegalArgumentException if the name is blank
   */
  public static void setSchema(Configuration configuration, String schema) {
    ExtensionRoutine.setSchema(configuration, notBlank(schema));
  }

  /**
   * Returns the schema that was set with {@link #setSchema} or {@link #inSchema}, either in this
   * configuration or in a configuration from which it was derived.
   *
   * @return the unquoted name; null if none was set
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
