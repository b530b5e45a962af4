// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Generates statements that change tables. */
public final class DdlSql {
  // Matches words, optionally with numbers in parentheses and with array brackets. Excludes quotes,
  // comments, and commas outside these parentheses.
  private static final Pattern TYPE =
      Pattern.compile(
          "[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)?( precision| varying)?"
              + "( ?\\( ?\\d{1,5}( ?, ?-?\\d{1,5})? ?\\))?( with(out)? time zone)?(\\[\\]){0,6}",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern TIMES =
      Pattern.compile(
          "^\\s*(pg_catalog\\.)?(date|time|ts(tz)?(multi)?range)", Pattern.CASE_INSENSITIVE);
  private static final Pattern JSON =
      Pattern.compile("^\\s*(pg_catalog\\.)?jsonb?\\s*$", Pattern.CASE_INSENSITIVE);
  private static final Pattern CLOCK =
      Pattern.compile(
          "(?<![a-z])(now|today|tomorrow|yesterday)(?![a-z])", Pattern.CASE_INSENSITIVE);
  private static final Map<String, String> SERIALS =
      Map.of(
          "serial", "integer",
          "serial4", "integer",
          "bigserial", "bigint",
          "serial8", "bigint",
          "smallserial", "smallint",
          "serial2", "smallint");
  private static final Map<String, String> FUNCTIONS =
      Map.of(
          "now", "pg_catalog.now()",
          "current_date", "CURRENT_DATE",
          "current_timestamp", "CURRENT_TIMESTAMP",
          "gen_random_uuid", "pg_catalog.gen_random_uuid()",
          "now_ms", ".now_ms()");

  // In SQL, these types have length 1 if no length is given.
  private static final Map<String, String> UNBOUNDED =
      Map.of(
          "char", "pg_catalog.bpchar",
          "character", "pg_catalog.bpchar",
          "nchar", "pg_catalog.bpchar",
          "bit", "pg_catalog.varbit");

  private DdlSql() {}

  /** A table to create. */
  public record Create(String table, Definition schema, boolean ifNotExists) {}

  /** The definition of a table. */
  public record Definition(
      List<Column> columns,
      List<String> primaryKey,
      List<List<String>> unique,
      @Nullable String comment) {}

  /** A table to alter. */
  public record Alter(String table, List<Column> alterations) {}

  /** A table to drop. */
  public record Drop(String table, boolean ifExists) {}

  /** A column of a table, or an alteration of a column. */
  public record Column(
      @Nullable String action,
      String name,
      @Nullable String to,
      @Nullable String type,
      @Nullable Boolean nullable,
      @JsonProperty("default") JsonNode defaultValue,
      boolean primaryKey,
      boolean unique,
      boolean identity,
      @Nullable Reference references,
      @Nullable String comment) {
    /** Returns whether the default is a function of pg_hello. */
    public boolean defaultsToHello() {
      return defaultValue.path("fn").asText().equals("now_ms");
    }

    private String quoted() {
      return Names.quote(name);
    }

    private <T> T require(@Nullable T member, String called) {
      if (member == null) {
        throw Failures.badRequest(action + " needs " + called + ".");
      }
      return member;
    }
  }

  /** The target of a reference: a column, or the primary key. */
  public record Reference(String table, @Nullable String column) {}

  /**
   * Returns the statements that create a table.
   *
   * @param hello the schema of pg_hello, which contains {@code now_ms}
   */
  public static List<String> createTable(Create create, String hello) {
    Definition schema = create.schema();
    String name = Names.quoteTable(create.table());
    var parts = new ArrayList<String>();
    var statements = new ArrayList<String>();
    var comments = new ArrayList<String>();
    for (Column column : schema.columns()) {
      parts.add(column(column, hello));
      if (column.comment() != null) {
        comments.add(comment("COLUMN " + name + "." + column.quoted(), column.comment()));
      }
    }
    if (!schema.primaryKey().isEmpty()) {
      parts.add("PRIMARY KEY (" + Names.quoteAll(schema.primaryKey()) + ")");
    }
    schema.unique().forEach(unique -> parts.add("UNIQUE (" + Names.quoteAll(unique) + ")"));
    String begin = "CREATE TABLE " + (create.ifNotExists() ? "IF NOT EXISTS " : "") + name;
    statements.add(begin + " (" + String.join(", ", parts) + ")");
    if (schema.comment() != null) {
      statements.add(comment("TABLE " + name, schema.comment()));
    }
    statements.addAll(comments);
    return statements;
  }

  /**
   * Returns the statements that alter a table, one for each alteration.
   *
   * @param hello the schema of pg_hello, which contains {@code now_ms}
   */
  public static List<String> alterTable(Alter alter, String hello) {
    String begin = "ALTER TABLE " + Names.quoteTable(alter.table()) + " ";
    return alter.alterations().stream().map(one -> begin + alteration(one, hello)).toList();
  }

  /**
   * Returns the statement that drops a table. The statement fails if other objects depend on the
   * table.
   */
  public static String dropTable(Drop drop) {
    return "DROP TABLE " + (drop.ifExists() ? "IF EXISTS " : "") + Names.quoteTable(drop.table());
  }

  private static String alteration(Column alteration, String hello) {
    String column = "COLUMN " + alteration.quoted();
    return switch (String.valueOf(alteration.action())) {
      case "addColumn" -> "ADD COLUMN " + column(alteration, hello);
      case "dropColumn" -> "DROP " + column;
      case "renameColumn" ->
          "RENAME " + column + " TO " + Names.quote(alteration.require(alteration.to(), "to"));
      case "setType" -> {
        String type = type(alteration.require(alteration.type(), "type"));
        String cast = alteration.quoted() + "::" + withoutModifier(type);
        yield "ALTER " + column + " TYPE " + type + " USING " + cast;
      }
      case "setDefault" -> {
        JsonNode given = alteration.defaultValue();
        JsonNode value = alteration.require(given.isMissingNode() ? null : given, "default");
        yield "ALTER " + column + " SET" + defaultOf(value, null, hello);
      }
      case "dropDefault" -> "ALTER " + column + " DROP DEFAULT";
      case "setNotNull" -> "ALTER " + column + " SET NOT NULL";
      case "dropNotNull" -> "ALTER " + column + " DROP NOT NULL";
      case "addUnique" -> "ADD UNIQUE (" + alteration.quoted() + ")";
      default -> throw Failures.badRequest("unknown alteration.");
    };
  }

  private static String column(Column column, String hello) {
    String given = column.require(column.type(), "type");
    boolean identity = column.identity() || SERIALS.containsKey(given.toLowerCase(Locale.ROOT));
    JsonNode value = column.defaultValue();
    return column.quoted()
        + " "
        + type(given)
        + (identity ? " GENERATED BY DEFAULT AS IDENTITY" : "")
        + (value.isMissingNode() ? "" : defaultOf(value, given, hello))
        + (Boolean.FALSE.equals(column.nullable()) ? " NOT NULL" : "")
        + (column.primaryKey() ? " PRIMARY KEY" : "")
        + (column.unique() ? " UNIQUE" : "")
        + (column.references() == null ? "" : references(column.references()));
  }

  private static String references(Reference references) {
    return " REFERENCES "
        + Names.quoteTable(references.table())
        + (references.column() == null ? "" : " (" + Names.quote(references.column()) + ")");
  }

  /**
   * Returns a type as SQL.
   *
   * @throws PostgresException if the text is not a type
   */
  static String type(String given) {
    String type = given.strip().replaceAll("\\s+", " ");
    if (!TYPE.matcher(type).matches()) {
      throw Failures.withRemedy(
          Code.BAD_REQUEST,
          "A type is invalid.",
          "Examples of valid types: integer, varchar(50), numeric(10,2), timestamp "
              + "with time zone, text[].");
    }
    return SERIALS.getOrDefault(type.toLowerCase(Locale.ROOT), type);
  }

  /**
   * Returns the type without its length, because a cast to a shorter type would truncate the value.
   */
  private static String withoutModifier(String type) {
    String any = type.replaceFirst(" ?\\(.*?\\)", "");
    String name = any.replaceFirst("(\\[\\])+$", "");
    return UNBOUNDED.getOrDefault(name.toLowerCase(Locale.ROOT), name)
        + any.substring(name.length());
  }

  /**
   * Returns a DEFAULT clause.
   *
   * @param type the type of the column; null if unknown
   */
  private static String defaultOf(JsonNode value, @Nullable String type, String hello) {
    if (value.isObject()) {
      String function = FUNCTIONS.get(value.path("fn").asText());
      if (function == null || value.size() != 1) {
        throw Failures.badRequest(
            "a default must be a value, or {\"fn\": NAME} with one of "
                + FUNCTIONS.keySet().stream().sorted().collect(Collectors.joining(", "))
                + ".");
      }
      return " DEFAULT " + (function.startsWith(".") ? Names.quote(hello) : "") + function;
    }
    if (value.isArray()) {
      throw Failures.badRequest("a default cannot be an array; write it as a string, e.g. {1,2}.");
    }
    if (value.isNull()) {
      return " DEFAULT NULL";
    }
    String text = value.asText();
    if (!CLOCK.matcher(text).find() || (type != null && JSON.matcher(type).find())) {
      return " DEFAULT " + literal(text);
    }
    if (type != null && TIMES.matcher(type).find()) {
      throw Failures.badRequest(
          "this default would be the time at which the column is created, in all "
              + "rows; use {\"fn\": \"now\"} or {\"fn\": \"current_date\"}.");
    }
    // The server rejects this default for a date or time column, and for a column with a domain
    // over such a type.
    return " DEFAULT " + literal(text) + "::pg_catalog.text";
  }

  private static String comment(String of, String text) {
    return "COMMENT ON " + of + " IS " + literal(text);
  }

  private static String literal(String text) {
    return "'" + Failures.requireText(text, Code.BAD_VALUE, "A value").replace("'", "''") + "'";
  }
}
