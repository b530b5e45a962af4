// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Query;
import org.jooq.SQLDialect;
import org.jooq.SortField;
import org.jooq.SortOrder;
import org.jooq.Table;
import org.jooq.conf.ParamType;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * Writes statements on rows by jOOQ, which has no connection here. Each value is a parameter; of
 * what a caller sends, only checked names and whole numbers come into the text.
 */
public final class CrudSql {
  private static final DSLContext JOOQ = DSL.using(SQLDialect.POSTGRES);
  private static final int DEPTH_MAX = 16;

  private final Table<?> table;
  private final JsonNode operators;
  private final List<JsonNode> params = new ArrayList<>();

  private CrudSql(String table) {
    this(table, MissingNode.getInstance());
  }

  private CrudSql(String table, JsonNode operators) {
    this.table = DSL.table(Names.table(table));
    this.operators = operators;
  }

  /** Rows to be inserted, updated or deleted; {@code all} without a condition. */
  public record Change(String table, JsonNode data, JsonNode where, boolean all) {}

  /** Rows to be found or counted. */
  public record Find(
      String table,
      JsonNode where,
      List<String> fields,
      JsonNode orderBy,
      @Nullable Long limit,
      @Nullable Long offset) {}

  /** Returns an insert of one row, which returns it. */
  public static SqlStatement insert(Change change) {
    var sql = new CrudSql(change.table());
    Map<Field<?>, Object> values = sql.values(change.data());
    return sql.text(
        values.isEmpty()
            ? JOOQ.insertInto(sql.table).defaultValues().returning(DSL.asterisk())
            : JOOQ.insertInto(sql.table).set(values).returning(DSL.asterisk()));
  }

  /**
   * Returns an update.
   *
   * @param operators by column, the schema of its type's operators, where it is not pg_catalog
   */
  public static SqlStatement update(Change change, JsonNode operators) {
    var sql = new CrudSql(change.table(), operators);
    Map<Field<?>, Object> values = sql.values(change.data());
    if (values.isEmpty()) {
      throw Failures.badRequest("data has no column to update.");
    }
    return sql.text(JOOQ.update(sql.table).set(values).where(sql.required(change)));
  }

  /** Returns a delete; its operators are as an update's. */
  public static SqlStatement delete(Change change, JsonNode operators) {
    var sql = new CrudSql(change.table(), operators);
    return sql.text(JOOQ.deleteFrom(sql.table).where(sql.required(change)));
  }

  /** Returns a query; its operators are as an update's. */
  public static SqlStatement find(Find find, JsonNode operators) {
    var sql = new CrudSql(find.table(), operators);
    List<Field<Object>> fields =
        find.fields().stream().map(name -> DSL.field(Names.column(name))).toList();
    var query =
        (fields.isEmpty() ? JOOQ.select(DSL.asterisk()) : JOOQ.select(fields))
            .from(sql.table)
            .where(sql.condition(find.where(), 0))
            .orderBy(order(find.orderBy()));
    if (find.limit() == null) {
      return sql.text(find.offset() == null ? query : query.offset(find.offset()));
    }
    var limited = query.limit(find.limit());
    return sql.text(find.offset() == null ? limited : limited.offset(find.offset()));
  }

  /** Returns a count, whose column is called {@code count}; its operators are as an update's. */
  public static SqlStatement count(Find find, JsonNode operators) {
    var sql = new CrudSql(find.table(), operators);
    return sql.text(
        JOOQ.select(DSL.field(DSL.raw("pg_catalog.count(*)")).as("count"))
            .from(sql.table)
            .where(sql.condition(find.where(), 0)));
  }

  /**
   * Returns an insert of what a source of rows has.
   *
   * @param source a checked name of a table, or a function with its arguments
   * @param values what of the source goes into each column
   * @param conflictColumns none for any conflict
   * @param strategy {@code ignore}, {@code update}, or empty: a conflict is an error
   */
  public static String insertFrom(
      String table,
      List<String> columns,
      List<String> values,
      String source,
      List<String> conflictColumns,
      String strategy) {
    var sql = new CrudSql(table);
    List<Field<Object>> fields = columns.stream().map(Names::column).map(DSL::field).toList();
    var rows =
        JOOQ.select(values.stream().map(value -> DSL.field(DSL.raw(value))).toList())
            .from(DSL.raw(source));
    var insert = JOOQ.insertInto(sql.table, fields).select(rows);
    List<Field<Object>> keys = conflictColumns.stream().map(Names::column).map(DSL::field).toList();
    Map<Field<?>, Object> changes = new LinkedHashMap<>();
    for (Field<Object> field : fields) {
      if (!keys.contains(field)) {
        changes.put(field, DSL.excluded(field));
      }
    }
    if (strategy.isEmpty()) {
      return render(insert);
    } else if (strategy.equals("update") && !changes.isEmpty()) {
      return render(insert.onConflict(keys).doUpdate().set(changes));
    }
    return render(
        keys.isEmpty() ? insert.onConflictDoNothing() : insert.onConflict(keys).doNothing());
  }

  private Map<Field<?>, Object> values(JsonNode data) {
    Map<Field<?>, Object> values = new LinkedHashMap<>();
    data.properties()
        .forEach(
            member ->
                values.put(DSL.field(Names.column(member.getKey())), parameter(member.getValue())));
    return values;
  }

  private Condition required(Change change) {
    boolean none = change.where().isEmpty();
    if (none && !change.all()) {
      throw Failures.badRequest("where is empty; to mean all rows, say so with all: true.");
    }
    if (!none && change.all()) {
      throw Failures.badRequest("where and all contradict each other.");
    }
    return condition(change.where(), 0);
  }

  private Condition condition(JsonNode where, int depth) {
    if (depth > DEPTH_MAX) {
      throw Failures.badRequest("where is nested more than " + DEPTH_MAX + " deep.");
    }
    var conditions = new ArrayList<Condition>();
    where
        .properties()
        .forEach(
            member -> {
              JsonNode value = member.getValue();
              switch (member.getKey()) {
                case "$and" -> conditions.add(DSL.and(several(value, depth)));
                case "$or" -> conditions.add(DSL.or(several(value, depth)));
                case "$not" -> conditions.add(DSL.not(one(value, depth)));
                default -> conditions.addAll(ofColumn(member.getKey(), value));
              }
            });
    return conditions.isEmpty() ? DSL.noCondition() : DSL.and(conditions);
  }

  private List<Condition> several(JsonNode value, int depth) {
    if (!value.isArray() || value.isEmpty()) {
      throw Failures.badRequest("$and and $or take an array of conditions that is not empty.");
    }
    var conditions = new ArrayList<Condition>();
    value.forEach(element -> conditions.add(one(element, depth)));
    return conditions;
  }

  private Condition one(JsonNode value, int depth) {
    if (!value.isObject() || value.isEmpty()) {
      throw Failures.badRequest("a condition is an object that is not empty.");
    }
    return condition(value, depth + 1);
  }

  private List<Condition> ofColumn(String column, JsonNode value) {
    Field<String> field = DSL.field(Names.column(column), String.class);
    if (value.isArray()) {
      throw Failures.badRequest(
          "where has an array for a column; say {\"in\": […]} for one of several values, or"
              + " {\"eq\": […]} for an array.");
    }
    if (!value.isObject()) {
      return List.of(compare(field, "eq", value));
    }
    if (value.isEmpty()) {
      throw Failures.badRequest("where has an object without an operator for a column.");
    }
    var conditions = new ArrayList<Condition>();
    value
        .properties()
        .forEach(member -> conditions.add(compare(field, member.getKey(), member.getValue())));
    return conditions;
  }

  private Condition compare(Field<String> field, String operator, JsonNode value) {
    if (value.isNull()) {
      return switch (operator) {
        case "eq" -> field.isNull();
        case "ne" -> field.isNotNull();
        default -> throw Failures.badRequest("only eq and ne compare with null.");
      };
    }
    return switch (operator) {
      case "eq" -> compare(field, "=", parameter(value));
      case "ne" -> compare(field, "<>", parameter(value));
      case "lt" -> compare(field, "<", parameter(value));
      case "lte" -> compare(field, "<=", parameter(value));
      case "gt" -> compare(field, ">", parameter(value));
      case "gte" -> compare(field, ">=", parameter(value));
      case "like" -> compare(field, "~~", parameter(value));
      case "ilike" -> compare(field, "~~*", parameter(value));
      case "in" -> oneOf(field, value);
      case "notIn" -> DSL.not(oneOf(field, value));
      default ->
          throw Failures.badRequest(
              "where has an unknown operator; there are eq, ne, lt, lte, gt, gte, like, ilike, in"
                  + " and notIn. For a value that is JSON, say {\"eq\": {…}}.");
    };
  }

  /** Returns a comparison by the operator of the column's type: nobody else's is nearer. */
  private Condition compare(Field<String> field, String operator, Field<String> value) {
    String schema = operators.path(field.getName()).asText("pg_catalog");
    return DSL.condition(
        "{0} {1} {2}",
        field, DSL.raw("OPERATOR(" + Names.quote(schema) + "." + operator + ")"), value);
  }

  private Condition oneOf(Field<String> field, JsonNode values) {
    if (!values.isArray() || values.isEmpty()) {
      throw Failures.badRequest("in and notIn take an array that is not empty.");
    }
    boolean arrays = false;
    for (JsonNode value : values) {
      if (value.isNull()) {
        throw Failures.badRequest("in and notIn take no null, which equals nothing.");
      }
      arrays |= value.isArray();
    }
    if (!arrays) {
      return compare(field, "=", DSL.field("any ({0})", String.class, parameter(values)));
    }
    // there are no arrays of arrays
    var conditions = new ArrayList<Condition>();
    values.forEach(value -> conditions.add(compare(field, "=", parameter(value))));
    return DSL.or(conditions);
  }

  private Field<String> parameter(JsonNode value) {
    params.add(value);
    return DSL.field(DSL.raw("$" + params.size()), String.class);
  }

  private static List<SortField<Object>> order(JsonNode orderBy) {
    var fields = new ArrayList<SortField<Object>>();
    if (orderBy.isObject() && orderBy.size() > 1) {
      throw Failures.badRequest(
          "orderBy is an object of several columns, which has no order in JSON; give an array, as"
              + " in [\"name\", {\"column\": \"age\", \"desc\": true}].");
    } else if (orderBy.isObject()) {
      orderBy
          .properties()
          .forEach(
              member ->
                  fields.add(sort(member.getKey(), member.getValue().textValue().equals("desc"))));
    } else {
      orderBy.forEach(
          column ->
              fields.add(
                  column.isTextual()
                      ? sort(column.textValue(), false)
                      : sort(column.get("column").textValue(), column.path("desc").asBoolean())));
    }
    return fields;
  }

  private static SortField<Object> sort(String column, boolean desc) {
    return DSL.field(Names.column(column)).sort(desc ? SortOrder.DESC : SortOrder.ASC);
  }

  /**
   * Returns the statement.
   *
   * @throws PostgresException if a name in it cannot be
   */
  private SqlStatement text(Query query) {
    return new SqlStatement(render(query), params);
  }

  private static String render(Query query) {
    return query.getSQL(ParamType.INLINED);
  }
}
