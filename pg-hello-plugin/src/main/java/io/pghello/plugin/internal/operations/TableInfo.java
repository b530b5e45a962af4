// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.Names;
import java.util.ArrayList;
import java.util.List;

/** What the catalogue says of a table. */
final class TableInfo {
  // without their lengths: a cast to varchar(3) would cut, where an assignment refuses
  private static final String INFO =
      """
      SELECT json_build_object(
        'copy', c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity OR c.relhasrules),
        'columns', (SELECT json_object_agg(a.attname, format_type(a.atttypid, -1))
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' AND a.attidentity <> 'a'),
        'key', (SELECT json_agg(a.attname ORDER BY k.place)
          FROM pg_index i
          CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
          WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts)) AS info
      FROM pg_class c WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      """;

  static final String DESCRIPTION =
      """
      SELECT json_build_object(
        'name', c.relname,
        'schema', n.nspname,
        'kind', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materializedView'
          WHEN 'f' THEN 'foreignTable' ELSE 'table' END,
        'comment', obj_description(c.oid, 'pg_class'),
        'columns', (SELECT coalesce(json_agg(json_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'nullable', NOT a.attnotnull,
            'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
            'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'byDefault' END,
            'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
            'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum), '[]')
          FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        'constraints', (SELECT coalesce(json_agg(json_build_object(
            'name', k.conname,
            'kind', CASE k.contype WHEN 'p' THEN 'primaryKey' WHEN 'u' THEN 'unique'
              WHEN 'f' THEN 'foreignKey' WHEN 'c' THEN 'check' WHEN 'n' THEN 'notNull'
              WHEN 'x' THEN 'exclusion' ELSE 'other' END,
            'columns', (SELECT coalesce(json_agg(a.attname ORDER BY u.place), '[]')
              FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, place)
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
            'definition', pg_get_constraintdef(k.oid)) ORDER BY k.conname), '[]')
          FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 'n'),
        'indexes', (SELECT coalesce(json_agg(json_build_object(
            'name', x.relname, 'unique', i.indisunique, 'definition', pg_get_indexdef(i.indexrelid))
            ORDER BY x.relname), '[]')
          FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid)) AS info
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      """;

  private final JsonNode info;

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
    List<? extends JsonNode> rows = session.read(text, 1).rows();
    if (rows.isEmpty()) {
      throw Failures.withRemedy(Code.BAD_SQL, "There is no such table.", "See listTables.");
    }
    return rows.get(0).get("info");
  }

  /** Returns whether rows can be sent by COPY. */
  boolean takesCopy() {
    return info.get("copy").booleanValue();
  }

  /** Returns the type of a column, without its length. */
  String type(String column) {
    return info.get("columns").get(column).textValue();
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
      throw Failures.of(
          Code.BAD_SQL,
          "A column of the records is not there, or is computed by the server.",
          "column",
          column,
          "remedy",
          "See describeTable.");
    }
  }
}
