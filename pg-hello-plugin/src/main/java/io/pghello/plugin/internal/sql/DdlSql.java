// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Texts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes statements that change tables. jOOQ does not: it takes types as texts that it does not
 * check, and leaves out what it does not know.
 */
public final class DdlSql {
  // words, perhaps with numbers in brackets, perhaps an array; so no quotes, comments or commas
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
          "serial",
          "integer",
          "serial4",
          "integer",
          "bigserial",
          "bigint",
          "serial8",
          "bigint",
          "smallserial",
          "smallint",
          "serial2",
          "smallint");
  private static final Map<String, String> FUNCTIONS =
      Map.of(
          "now", "pg_catalog.now()",
          "current_date", "CURRENT_DATE",
          "current_timestamp", "CURRENT_TIMESTAMP",
          "gen_random_uuid", "pg_catalog.gen_random_uuid()",
          "now_ms", ".now_ms()");

  // without a length, these are of length one
  private static final Map<String, String> UNBOUNDED =
      Map.of(
          "char", "pg_catalog.bpchar",
          "character", "pg_catalog.bpchar",
          "nchar", "pg_catalog.bpchar",
          "bit", "pg_catalog.varbit");

  private DdlSql() {}

  /**
   * Returns the statements that create a table.
   *
   * @param hello the schema of pg_hello, which {@code now_ms} is of
   */
  public static List<String> createTable(
      String table, JsonNode schema, boolean ifNotExists, String hello) {
    String name = Names.quoteTable(table);
    var parts = new ArrayList<String>();
    var statements = new ArrayList<String>();
    var comments = new ArrayList<String>();
    for (JsonNode column : schema.get("columns")) {
      parts.add(column(column, hello));
      if (column.hasNonNull("comment")) {
        comments.add(comment("COLUMN " + name + "." + nameOf(column), column.get("comment")));
      }
    }
    if (schema.has("primaryKey")) {
      parts.add("PRIMARY KEY (" + columns(schema.get("primaryKey")) + ")");
    }
    schema.path("unique").forEach(unique -> parts.add("UNIQUE (" + columns(unique) + ")"));
    statements.add(
        "CREATE TABLE "
            + (ifNotExists ? "IF NOT EXISTS " : "")
            + name
            + " ("
            + String.join(", ", parts)
            + ")");
    if (schema.hasNonNull("comment")) {
      statements.add(comment("TABLE " + name, schema.get("comment")));
    }
    statements.addAll(comments);
    return statements;
  }

  /**
   * Returns the statements that change a table, one for each alteration.
   *
   * @param hello the schema of pg_hello, which {@code now_ms} is of
   */
  public static List<String> alterTable(String table, JsonNode alterations, String hello) {
    var statements = new ArrayList<String>();
    for (JsonNode alteration : alterations) {
      statements.add(
          "ALTER TABLE " + Names.quoteTable(table) + " " + alteration(alteration, hello));
    }
    return statements;
  }

  /** Returns the statement that drops a table; what depends on it prevents that. */
  public static String dropTable(String table, boolean ifExists) {
    return "DROP TABLE " + (ifExists ? "IF EXISTS " : "") + Names.quoteTable(table);
  }

  private static String alteration(JsonNode alteration, String hello) {
    String action = alteration.get("action").textValue();
    String column = "COLUMN " + (alteration.has("name") ? nameOf(alteration) : "");
    if (!alteration.has("name")) {
      throw Failures.badRequest(action + " needs the name of a column.");
    }
    return switch (action) {
      case "addColumn" -> "ADD COLUMN " + column(alteration, hello);
      case "dropColumn" -> "DROP " + column;
      case "renameColumn" ->
          "RENAME " + column + " TO " + Names.quote(required(alteration, "to").textValue());
      case "setType" -> {
        String type = type(required(alteration, "type").textValue());
        yield "ALTER "
            + column
            + " TYPE "
            + type
            + " USING "
            + nameOf(alteration)
            + "::"
            + withoutModifier(type);
      }
      case "setDefault" ->
          "ALTER " + column + " SET" + defaultOf(required(alteration, "default"), null, hello);
      case "dropDefault" -> "ALTER " + column + " DROP DEFAULT";
      case "setNotNull" -> "ALTER " + column + " SET NOT NULL";
      case "dropNotNull" -> "ALTER " + column + " DROP NOT NULL";
      case "addUnique" -> "ADD UNIQUE (" + nameOf(alteration) + ")";
      default -> throw Failures.badRequest("there is no alteration of that name.");
    };
  }

  private static JsonNode required(JsonNode alteration, String name) {
    if (!alteration.has(name)) {
      throw Failures.badRequest(alteration.get("action").textValue() + " needs " + name + ".");
    }
    return alteration.get(name);
  }

  private static String column(JsonNode column, String hello) {
    String given = required(column, "type").textValue();
    String serial = SERIALS.get(given.toLowerCase(Locale.ROOT));
    boolean identity = serial != null || column.path("identity").asBoolean();
    var text = new StringBuilder(nameOf(column)).append(' ').append(type(given));
    if (identity) {
      text.append(" GENERATED BY DEFAULT AS IDENTITY");
    }
    if (column.has("default")) {
      text.append(defaultOf(column.get("default"), given, hello));
    }
    if (!column.path("nullable").asBoolean(true)) {
      text.append(" NOT NULL");
    }
    if (column.path("primaryKey").asBoolean()) {
      text.append(" PRIMARY KEY");
    }
    if (column.path("unique").asBoolean()) {
      text.append(" UNIQUE");
    }
    JsonNode references = column.path("references");
    if (references.isObject()) {
      text.append(" REFERENCES ").append(Names.quoteTable(references.get("table").textValue()));
      if (references.has("column")) {
        text.append(" (").append(Names.quote(references.get("column").textValue())).append(')');
      }
    }
    return text.toString();
  }

  /**
   * Returns a type as SQL has it.
   *
   * @throws PostgresException if it is more than a type
   */
  static String type(String given) {
    String type = given.strip().replaceAll("\\s+", " ");
    if (!TYPE.matcher(type).matches()) {
      throw Failures.withRemedy(
          Code.BAD_REQUEST,
          "A type is not written as one.",
          "Write it as in: integer, varchar(50), numeric(10,2), timestamp with time zone, text[].");
    }
    return SERIALS.getOrDefault(type.toLowerCase(Locale.ROOT), type);
  }

  /** Returns a type of any length: a cast to one that is too short would cut. */
  private static String withoutModifier(String type) {
    String any = type.replaceFirst(" ?\\(.*?\\)", "");
    String name = any.replaceFirst("(\\[\\])+$", "");
    return UNBOUNDED.getOrDefault(name.toLowerCase(Locale.ROOT), name)
        + any.substring(name.length());
  }

  /**
   * Returns a default.
   *
   * @param type of its column; null if it is not known
   */
  private static String defaultOf(JsonNode value, @Nullable String type, String hello) {
    if (value.isObject()) {
      String function = FUNCTIONS.get(value.path("fn").asText());
      if (function == null || value.size() != 1) {
        throw Failures.badRequest(
            "a default is a value, or {\"fn\": NAME} with one of "
                + FUNCTIONS.keySet().stream().sorted().collect(Collectors.joining(", "))
                + ".");
      }
      return " DEFAULT " + (function.startsWith(".") ? Names.quote(hello) : "") + function;
    }
    if (value.isArray()) {
      throw Failures.badRequest("a default is no array; write it as a text, as in {1,2}.");
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
          "this default would be the time at which the column is made, for all rows; write"
              + " {\"fn\": \"now\"} or {\"fn\": \"current_date\"}.");
    }
    // which the server refuses for a date or time, and for a domain over one
    return " DEFAULT " + literal(text) + "::pg_catalog.text";
  }

  private static String comment(String of, JsonNode text) {
    return "COMMENT ON " + of + " IS " + literal(text.textValue());
  }

  private static String literal(String text) {
    return "'" + Texts.check(text, Code.BAD_VALUE, "A value").replace("'", "''") + "'";
  }

  private static String nameOf(JsonNode column) {
    return Names.quote(column.get("name").textValue());
  }

  private static String columns(JsonNode names) {
    return StreamSupport.stream(names.spliterator(), false)
        .map(name -> Names.quote(name.textValue()))
        .collect(Collectors.joining(", "));
  }
}
