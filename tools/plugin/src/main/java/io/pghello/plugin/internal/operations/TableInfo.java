// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Failures.Detail;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Records;
import io.pghello.plugin.internal.Texts;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.Names;
import java.util.List;
import java.util.function.Function;

/**
 * The catalogue's entries about a table.
 *
 * @param copy whether rows can be sent by COPY
 * @param columns the types of the columns that can be written, without their lengths
 * @param types the numbers of the columns' types
 * @param categories the categories of the columns' types, which a domain has of its base type
 * @param key the columns of the primary key, none if there is none
 */
record TableInfo(
    boolean copy, JsonNode columns, JsonNode types, JsonNode categories, List<String> key) {
  // without their lengths: a cast to varchar(3) would cut, where an assignment refuses
  private static final String INFO = Texts.resource(TableInfo.class, "columns.sql");

  static final String DESCRIPTION = Texts.resource(TableInfo.class, "description.sql");

  /** The schemas of types that are not the server's, whose operators are there as well. */
  private static final String TYPE_SCHEMAS = Texts.resource(TableInfo.class, "type-schemas.sql");

  private static final Function<JsonNode, TableInfo> READER = Records.reader(TableInfo.class);

  /** Asks for a table, in one round trip. */
  static TableInfo of(Session session, String table) {
    return READER.apply(ask(session, INFO, table));
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

  /** Returns the type of a column, without its length. */
  String type(String column) {
    return columns.get(column).textValue();
  }

  /** Returns whether a column has an array, or a domain over one. */
  boolean isArray(String column) {
    return categories.get(column).textValue().equals("A");
  }

  /** Returns whether a column has a composite type, or a domain over one. */
  boolean isComposite(String column) {
    return categories.get(column).textValue().equals("C");
  }

  /** Returns the number of a column's type. */
  int typeId(String column) {
    return (int) types.get(column).longValue();
  }

  /** Refuses a column that is not there, or that the server computes. */
  void requireWritable(String column) {
    if (!columns.has(column)) {
      throw Failures.builder(
              Code.BAD_SQL, "A column of the records is not there, or is computed by the server.")
          .with(Detail.COLUMN, column)
          .remedy("See describeTable.")
          .build();
    }
  }
}
