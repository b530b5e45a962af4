// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Generates statements on rows. All values are parameters. The SQL text contains no caller input
 * except validated names and integers.
 */
public final class CrudSql {
  private static final int DEPTH_MAX = 16;
  private static final Map<String, String> COMPARISONS =
      Map.of(
          "eq", "=", "ne", "<>", "lt", "<", "lte", "<=", "gt", ">", "gte", ">=", "like", "~~",
          "ilike", "~~*");

  private final JsonNode operators;
  private final List<JsonNode> params = new ArrayList<>();

  private CrudSql(JsonNode operators) {
    this.operators = operators;
  }

  /** Rows to insert, update or delete. If {@code all} is true, there is no condition. */
  public record Change(String table, JsonNode data, JsonNode where, boolean all) {}

  /** Rows to find or count. */
  public record Find(
      String table,
      JsonNode where,
      List<String> fields,
      JsonNode orderBy,
      @Nullable Long limit,
      @Nullable Long offset) {}

  /** Returns an INSERT of one row with RETURNING. */
  public static SqlStatement insert(Change change) {
    var sql = new CrudSql(MissingNode.getInstance());
    String into = "INSERT INTO " + Names.quoteTable(change.table());
    if (change.data().isEmpty()) {
      return sql.statement(into + " DEFAULT VALUES RETURNING *");
    }
    List<String> columns = change.data().properties().stream().map(Map.Entry::getKey).toList();
    String values = Json.elements(change.data()).map(sql::parameter).collect(listed());
    return sql.statement(
        into + " (" + Names.quoteAll(columns) + ") VALUES (" + values + ") RETURNING *");
  }

  /**
   * Returns an UPDATE.
   *
   * @param operators for each column with operators outside pg_catalog, the schema that contains
   *     the operators of the column's type
   */
  public static SqlStatement update(Change change, JsonNode operators) {
    var sql = new CrudSql(operators);
    String table = Names.quoteTable(change.table());
    String values =
        change.data().properties().stream()
            .map(one -> Names.quote(one.getKey()) + " = " + sql.parameter(one.getValue()))
            .collect(listed());
    if (values.isEmpty()) {
      throw Failures.badRequest("data contains no column to update.");
    }
    return sql.statement("UPDATE " + table + " SET " + values + sql.required(change));
  }

  /** Returns a DELETE. For {@code operators}, see {@link #update}. */
  public static SqlStatement delete(Change change, JsonNode operators) {
    var sql = new CrudSql(operators);
    return sql.statement("DELETE FROM " + Names.quoteTable(change.table()) + sql.required(change));
  }

  /** Returns a query. For {@code operators}, see {@link #update}. */
  public static SqlStatement find(Find find, JsonNode operators) {
    var sql = new CrudSql(operators);
    String order = order(find.orderBy()).collect(listed());
    return sql.statement(
        "SELECT "
            + (find.fields().isEmpty() ? "*" : Names.quoteAll(find.fields()))
            + sql.from(find)
            + (order.isEmpty() ? "" : " ORDER BY " + order)
            + (find.limit() == null ? "" : " LIMIT " + find.limit())
            + (find.offset() == null ? "" : " OFFSET " + find.offset()));
  }

  /** Returns a query for {@code count}. For {@code operators}, see {@link #update}. */
  public static SqlStatement count(Find find, JsonNode operators) {
    var sql = new CrudSql(operators);
    return sql.statement("SELECT pg_catalog.count(*) AS count" + sql.from(find));
  }

  /**
   * Returns an INSERT that selects rows from a source.
   *
   * @param source a validated table name, or a function call
   * @param values the expressions to insert, one for each column
   * @param conflictColumns the columns that identify a conflict; empty for any conflict
   * @param strategy the strategy for conflicts: {@code ignore}, {@code update}, or empty to fail
   */
  public static String insertFrom(
      String table,
      List<String> columns,
      List<String> values,
      String source,
      List<String> conflictColumns,
      String strategy) {
    // Otherwise, a table named excluded would be ambiguous.
    String target = Names.quoteTable(table) + (strategy.isEmpty() ? "" : " AS pg_hello_target");
    String insert = "INSERT INTO " + target + " (" + Names.quoteAll(columns) + ")";
    String rows = " SELECT " + String.join(", ", values) + " FROM " + source;
    if (strategy.isEmpty()) {
      return insert + rows;
    }
    String keys = conflictColumns.isEmpty() ? "" : " (" + Names.quoteAll(conflictColumns) + ")";
    String changes =
        columns.stream()
            .filter(column -> strategy.equals("update") && !conflictColumns.contains(column))
            .map(Names::quote)
            .map(column -> column + " = EXCLUDED." + column)
            .collect(listed());
    String change = changes.isEmpty() ? " DO NOTHING" : " DO UPDATE SET " + changes;
    return insert + rows + " ON CONFLICT" + keys + change;
  }

  private String from(Find find) {
    return " FROM " + Names.quoteTable(find.table()) + where(find.where());
  }

  private String required(Change change) {
    boolean none = change.where().isEmpty();
    if (none && !change.all()) {
      throw Failures.badRequest("where is empty; to select all rows, set all to true.");
    }
    if (!none && change.all()) {
      throw Failures.badRequest("where and all cannot be combined.");
    }
    return where(change.where());
  }

  private String where(JsonNode where) {
    return where.isEmpty() ? "" : " WHERE " + condition(where, 0);
  }

  private String condition(JsonNode where, int depth) {
    if (depth > DEPTH_MAX) {
      throw Failures.badRequest("where is nested more than " + DEPTH_MAX + " levels deep.");
    }
    return where.properties().stream()
        .map(
            member -> {
              JsonNode value = member.getValue();
              return switch (member.getKey()) {
                case "$and" -> several(value, " AND ", depth);
                case "$or" -> several(value, " OR ", depth);
                case "$not" -> "NOT " + one(value, depth);
                default -> ofColumn(member.getKey(), value);
              };
            })
        .collect(Collectors.joining(" AND "));
  }

  private String several(JsonNode value, String joint, int depth) {
    if (!value.isArray() || value.isEmpty()) {
      throw Failures.badRequest("$and and $or require a non-empty array of conditions.");
    }
    return Json.elements(value)
        .map(element -> one(element, depth))
        .collect(Collectors.joining(joint, "(", ")"));
  }

  private String one(JsonNode value, int depth) {
    if (!value.isObject() || value.isEmpty()) {
      throw Failures.badRequest("a condition must be a non-empty object.");
    }
    return "(" + condition(value, depth + 1) + ")";
  }

  private String ofColumn(String column, JsonNode value) {
    if (value.isArray()) {
      throw Failures.badRequest(
          "where has an array for a column; use {\"in\": […]} to match one of several "
              + "values, or {\"eq\": […]} to match an array.");
    }
    if (!value.isObject()) {
      return compare(column, "eq", value);
    }
    if (value.isEmpty()) {
      throw Failures.badRequest("where has an object without an operator for a column.");
    }
    return value.properties().stream()
        .map(member -> compare(column, member.getKey(), member.getValue()))
        .collect(Collectors.joining(" AND "));
  }

  private String compare(String column, String operator, JsonNode value) {
    if (value.isNull()) {
      return Names.quote(column)
          + switch (operator) {
            case "eq" -> " IS NULL";
            case "ne" -> " IS NOT NULL";
            default -> throw Failures.badRequest("null can only be compared with eq and ne.");
          };
    } else if (operator.equals("in")) {
      return oneOf(column, value);
    } else if (operator.equals("notIn")) {
      return "NOT " + oneOf(column, value);
    } else if (COMPARISONS.containsKey(operator)) {
      return compared(column, COMPARISONS.get(operator), parameter(value));
    }
    throw Failures.badRequest(
        "where has an unknown operator; valid operators are eq, ne, lt, lte, gt, gte, "
            + "like, ilike, in and notIn. To match a JSON value, use {\"eq\": {…}}.");
  }

  /**
   * Returns a comparison that uses the operator of the column's type. The operator is
   * schema-qualified, so that no other operator can take precedence.
   */
  private String compared(String column, String operator, String value) {
    String schema = operators.path(column).asText("pg_catalog");
    return Names.quote(column) + " OPERATOR(" + Names.quote(schema) + "." + operator + ") " + value;
  }

  private String oneOf(String column, JsonNode values) {
    if (!values.isArray() || values.isEmpty()) {
      throw Failures.badRequest("in and notIn require a non-empty array.");
    }
    if (Json.elements(values).anyMatch(JsonNode::isNull)) {
      throw Failures.badRequest("in and notIn do not accept null, which equals nothing.");
    }
    if (Json.elements(values).noneMatch(JsonNode::isArray)) {
      return compared(column, "=", "ANY (" + parameter(values) + ")");
    }
    // PostgreSQL has no arrays of arrays.
    return Json.elements(values)
        .map(value -> compared(column, "=", parameter(value)))
        .collect(Collectors.joining(" OR ", "(", ")"));
  }

  private String parameter(JsonNode value) {
    params.add(value);
    return "$" + params.size();
  }

  private static Stream<String> order(JsonNode orderBy) {
    if (orderBy.isObject() && orderBy.size() > 1) {
      throw Failures.badRequest(
          "orderBy is an object with several columns, but JSON objects are unordered; "
              + "use an array, e.g. [\"name\", {\"column\": \"age\", \"desc\": true}].");
    } else if (orderBy.isObject()) {
      return orderBy.properties().stream()
          .map(member -> sorted(member.getKey(), member.getValue().textValue().equals("desc")));
    }
    return Json.elements(orderBy)
        .map(
            column ->
                column.isTextual()
                    ? sorted(column.textValue(), false)
                    : sorted(column.get("column").textValue(), column.path("desc").asBoolean()));
  }

  private static String sorted(String column, boolean desc) {
    return Names.quote(column) + (desc ? " DESC" : " ASC");
  }

  private static Collector<CharSequence, ?, String> listed() {
    return Collectors.joining(", ");
  }

  private SqlStatement statement(String sql) {
    return new SqlStatement(sql, params);
  }
}
