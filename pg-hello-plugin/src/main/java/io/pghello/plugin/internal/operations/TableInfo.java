// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Failures.Detail;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Texts;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.Names;
import java.util.ArrayList;
import java.util.List;

/** What the catalogue says of a table. */
final class TableInfo {
  // without their lengths: a cast to varchar(3) would cut, where an assignment refuses
  private static final String INFO = sql("columns.sql");

  static final String DESCRIPTION = sql("description.sql");

  /** The schemas of types that are not the server's, whose operators are there as well. */
  private static final String TYPE_SCHEMAS = sql("type-schemas.sql");

  private final JsonNode info;

  private static String sql(String name) {
    return Texts.resource(TableInfo.class, name);
  }

  private TableInfo(JsonNode info) {
    this.info = info;
  }

  /** Asks for a table, in one round trip. */
  static TableInfo of(Session session, String table) {
    return new TableInfo(ask(session, INFO, table));
  }

  /** Returns what a query says of a table. */
  static JsonNode ask(Session session, String query, String table) {
    var text = new SqlStatement(query, List.of(Json.of(Names.quoteTable(table))));
    List<? extends JsonNode> rows = session.ask(text, 1).rows();
    if (rows.isEmpty()) {
      throw Failures.withRemedy(Code.BAD_SQL, "There is no such table.", "See listTables.");
    }
    return rows.get(0).get("info");
  }

  /**
   * Returns the schemas that have the operators of a table's columns, but for those of types of the
   * server; asks for a table at most once a minute, in a round trip.
   */
  static JsonNode operators(Session session, String table) {
    return session.pool().operators(table, () -> ask(session, TYPE_SCHEMAS, table));
  }

  /** Returns whether rows can be sent by COPY. */
  boolean takesCopy() {
    return info.get("copy").booleanValue();
  }

  /** Returns the type of a column, without its length. */
  String type(String column) {
    return info.get("columns").get(column).textValue();
  }

  /** Returns the number of a column's type. */
  int typeId(String column) {
    return (int) info.get("types").get(column).longValue();
  }

  /** Returns the columns of the primary key, none if there is none. */
  List<String> primaryKey() {
    var key = new ArrayList<String>();
    info.get("key").forEach(column -> key.add(column.textValue()));
    return key;
  }

  /** Refuses a column that is not there, or that the server computes. */
  void requireWritable(String column) {
    if (!info.get("columns").has(column)) {
      throw Failures.builder(
              Code.BAD_SQL, "A column of the records is not there, or is computed by the server.")
          .with(Detail.COLUMN, column)
          .remedy("See describeTable.")
          .build();
    }
  }
}
