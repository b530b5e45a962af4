// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static io.pghello.jooq.PgHello.fetchPgHello;
import static io.pghello.jooq.PgHello.inSchema;
import static io.pghello.jooq.PgHello.nowMs;
import static io.pghello.jooq.PgHello.nowMsInstant;
import static io.pghello.jooq.PgHello.pgHello;
import static io.pghello.jooq.PgHello.pgHelloAll;
import static io.pghello.jooq.PgHello.pgHelloOrNull;
import static io.pghello.jooq.PgHello.pgHelloTable;
import static io.pghello.jooq.PgHello.spiVersion;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.select;
import static org.jooq.impl.DSL.selectFrom;
import static org.jooq.impl.DSL.table;

import io.pghello.jooq.generated.Routines;
import java.io.File;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jooq.Configuration;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.QueryPart;
import org.jooq.SQLDialect;
import org.jooq.Select;
import org.jooq.Table;
import org.jooq.conf.MappedCatalog;
import org.jooq.conf.MappedSchema;
import org.jooq.conf.RenderKeywordCase;
import org.jooq.conf.RenderMapping;
import org.jooq.conf.RenderQuotedNames;
import org.jooq.conf.Settings;
import org.jooq.exception.SQLDialectNotSupportedException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests which SQL is rendered, and which calls are rejected. */
class RenderTest {
  private static final Field<String> USERNAME = field(name("users", "username"), String.class);
  private static final DSLContext CTX = DSL.using(SQLDialect.POSTGRES);

  @Test
  void namesNoSchema() {
    assertThat(CTX.render(nowMs())).isEqualTo("\"now_ms\"()");
    assertThat(CTX.render(spiVersion())).isEqualTo("\"spi_version\"()");
    assertThat(CTX.renderInlined(pgHello(USERNAME)))
        .isEqualTo("\"pg_hello\"(cast(\"users\".\"username\" as text))");
    assertThat(CTX.render(pgHello(USERNAME, 2)))
        .isEqualTo("\"pg_hello\"(cast(\"users\".\"username\" as text), cast(2 as int))");
  }

  @Test
  void sendsNamesAsBindValues() {
    assertThat(CTX.extractBindValues(pgHello(USERNAME, 2))).isEmpty();
    assertThat(CTX.extractBindValues(pgHello("x'); drop", 3))).containsExactly("x'); drop", 3);
    assertThat(CTX.extractBindValues(pgHelloOrNull(null))).containsExactly((Object) null);
    assertThat(CTX.extractBindValues(selectFrom(pgHelloTable(List.of("a", "b")))))
        .as("the names, and no counts")
        .hasSize(2);
  }

  @Test
  void hasTheNameOfTheFunction() {
    assertThat(nowMs().getName()).isEqualTo("now_ms");
    assertThat(pgHello("x").getName()).isEqualTo("pg_hello");
    assertThat(nowMs().as("t").getName()).isEqualTo("t");
  }

  @Test
  void namesTheSchemaThatItIsGivenForNothingElse() {
    DSLContext ctx = inSchema(CTX, "My \"Ext\"");
    assertThat(ctx.render(nowMs())).isEqualTo("\"My \"\"Ext\"\"\".\"now_ms\"()");
    assertThat(ctx.render(select(pgHello(USERNAME, 2)).from(table(name("users")))))
        .isEqualTo(
            "select \"My \"\"Ext\"\"\".\"pg_hello\"(cast(\"users\".\"username\" as text), cast(2 as int))"
                + " from \"users\"");
    assertThat(ctx.render(selectFrom(pgHelloTable(List.of("a")))))
        .contains("\"My \"\"Ext\"\"\".\"pg_hello_all\"(");
    assertThat(inSchema(ctx, "other").render(nowMs())).isEqualTo("\"other\".\"now_ms\"()");
    assertThat(CTX.render(nowMs())).as("the context that was given").isEqualTo("\"now_ms\"()");
  }

  @Test
  void followsAMappingOfTheDefaultSchema() {
    var mapping =
        new RenderMapping().withSchemata(new MappedSchema().withInput("").withOutput("m"));
    DSLContext ctx = DSL.using(SQLDialect.POSTGRES, new Settings().withRenderMapping(mapping));
    assertThat(ctx.render(nowMs())).isEqualTo("\"m\".\"now_ms\"()");
    assertThat(ctx.render(pgHello("a"))).isEqualTo("\"m\".\"pg_hello\"(cast(? as text))");
    assertThat(inSchema(ctx, "ext").render(nowMs())).isEqualTo("\"ext\".\"now_ms\"()");
    // a mapping of catalogs contains mappings of schemas
    var catalogs =
        new RenderMapping()
            .withCatalogs(
                new MappedCatalog()
                    .withInput("")
                    .withSchemata(new MappedSchema().withInput("").withOutput("m")));
    assertThat(
            DSL.using(SQLDialect.POSTGRES, new Settings().withRenderMapping(catalogs))
                .render(nowMs()))
        .isEqualTo("\"m\".\"now_ms\"()");
  }

  @Test
  void followsOtherSettings() {
    DSLContext bare =
        DSL.using(
            SQLDialect.POSTGRES,
            new Settings()
                .withRenderSchema(false)
                .withRenderQuotedNames(RenderQuotedNames.NEVER)
                .withRenderKeywordCase(RenderKeywordCase.UPPER));
    assertThat(bare.render(pgHello("a"))).isEqualToIgnoringCase("pg_hello(cast(? as text))");
    assertThat(inSchema(bare, "ext").render(nowMs()))
        .as("the schema of one context overrides the settings")
        .isEqualTo("ext.now_ms()");
  }

  @Test
  void refusesABlankSchema() {
    assertThatIllegalArgumentException().isThrownBy(() -> inSchema(CTX, " "));
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 11, Integer.MAX_VALUE})
  void refusesACountThatTheFunctionDoesNotTake(int repeat) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pgHello(USERNAME, repeat))
        .withMessage("repeat must be between 1 and 10, but is " + repeat);
    assertThatIllegalArgumentException().isThrownBy(() -> pgHelloOrNull("x", repeat));
  }

  @Test
  @SuppressWarnings("NullAway") // callers without a nullness checker may pass null
  void refusesNulls() {
    assertThatNullPointerException()
        .isThrownBy(() -> fetchPgHello(CTX, Arrays.asList("a", null)))
        .withMessage("name 1");
    assertThatNullPointerException()
        .isThrownBy(() -> pgHelloTable(Arrays.asList(null, "a")))
        .withMessage("name 0");
    assertThatNullPointerException()
        .isThrownBy(() -> pgHello((Field<String>) null, 2))
        .withMessage("name");
  }

  /** Tests all functions, including functions that the generator adds in the future. */
  @ParameterizedTest
  @EnumSource(names = {"H2", "MYSQL", "SQLITE", "YUGABYTEDB"})
  void refusesOtherDialects(SQLDialect dialect) throws ReflectiveOperationException {
    DSLContext other = DSL.using(dialect);
    List<QueryPart> parts =
        new ArrayList<>(
            List.of(
                pgHello(USERNAME, 2),
                pgHelloOrNull("x"),
                pgHelloOrNull("x", 2),
                nowMsInstant(),
                pgHelloTable(List.of("x"))));
    int calls = 0;
    for (Method method : Routines.class.getDeclaredMethods()) {
      var arguments = new @Nullable Object[method.getParameterCount()];
      if (arguments.length > 0 && method.getParameterTypes()[0] == Configuration.class) {
        arguments[0] = other.configuration();
        assertThatThrownBy(() -> method.invoke(null, arguments))
            .as("%s", method)
            .cause()
            .isInstanceOf(SQLDialectNotSupportedException.class);
        calls++;
      } else {
        for (int i = 0; i < arguments.length; i++) {
          Class<?> type = method.getParameterTypes()[i];
          arguments[i] = type == Field.class ? DSL.inline((Object) null) : null;
        }
        parts.add((QueryPart) method.invoke(null, arguments));
      }
    }
    assertThat(calls).isGreaterThanOrEqualTo(5);
    assertThat(parts).hasSizeGreaterThanOrEqualTo(5 + 8);
    for (QueryPart part : parts) {
      Select<?> select =
          part instanceof Table<?> table ? other.selectFrom(table) : other.select((Field<?>) part);
      assertThatThrownBy(select::getSQL, "%s", part)
          .isInstanceOf(SQLDialectNotSupportedException.class)
          .hasMessageContaining("pg_hello")
          .hasMessageContaining(dialect.getName())
          .hasMessageContaining("SQLDialect.POSTGRES");
    }
  }

  @Test
  void canBeShownWithoutADialect() {
    assertThat(pgHello("Ada").toString()).startsWith("\"pg_hello\"(").contains("'Ada'");
    assertThat(pgHello("Ada")).isEqualTo(pgHello("Ada")).isNotEqualTo(pgHello("Grace"));
    assertThat(pgHelloAll(new String[] {"a"}, null).toString()).contains("pg_hello_all");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\0b", "a\uD83Db", "\uDC69", "\uDC69\uD83D", "ab\uD83D"})
  void refusesNamesThatTextCannotHold(String name) {
    Configuration configuration = CTX.configuration();
    String what = name.indexOf(0) < 0 ? "an unpaired surrogate" : "the character U+0000";
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> pgHello(name),
            () -> pgHello(name, 2),
            () -> pgHello(DSL.val(name)),
            () -> pgHello(DSL.inline(name), 2),
            () -> pgHelloOrNull(name),
            () -> pgHelloOrNull(name, 2),
            () -> pgHello(configuration, name),
            () -> pgHello(configuration, name, 2))) {
      assertThatIllegalArgumentException()
          .isThrownBy(call)
          .withMessageStartingWith("name has " + what + " at index ")
          .withMessageNotContaining(name);
    }
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> fetchPgHello(CTX, List.of("👩‍👩‍👧", name)),
            () -> pgHelloTable(List.of("👩‍👩‍👧", name)),
            () -> pgHelloAll(new @Nullable String[] {null, name}, null),
            () -> pgHelloAll(configuration, new @Nullable String[] {null, name}, null))) {
      assertThatIllegalArgumentException()
          .isThrownBy(call)
          .withMessageStartingWith("names[1] has " + what + " at index ")
          .withMessageNotContaining(name);
    }
  }

  /** To compare the first two, jOOQ maps their table, and changes its settings for that. */
  @Test
  void equalCallsAreEqualFromTheFirst() throws Exception {
    var path = new ArrayList<URL>();
    for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator, -1)) {
      path.add(Path.of(entry).toUri().toURL());
    }
    ClassLoader jdk = ClassLoader.getPlatformClassLoader();
    try (var fresh = new URLClassLoader(path.toArray(URL[]::new), jdk)) {
      Class<?> first = fresh.loadClass(First.class.getName());
      assertThat(first.getClassLoader()).isSameAs(fresh);
      assertThat(first.getMethod("comparison").invoke(null)).isEqualTo(true);
      assertThat(first.getMethod("comparison").invoke(null)).isEqualTo(true);
    }
  }

  /** The test loads this class again, with a separate copy of jOOQ. */
  public static final class First {
    private First() {}

    public static boolean comparison() {
      return call().equals(call());
    }

    private static Field<String> call() {
      return pgHello(field(name("users", "username"), String.class), 2);
    }
  }
}
