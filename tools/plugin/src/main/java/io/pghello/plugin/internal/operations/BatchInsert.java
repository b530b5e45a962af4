// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.run.Bindings;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.CrudSql;
import io.pghello.plugin.internal.sql.Names;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Inserts many rows. Uses an INSERT with one array parameter for each column. If the rows do not
 * fit into one statement, uses COPY, or several INSERTs if the table does not accept COPY. If rows
 * may already exist, COPY needs an intermediate table, which is worthwhile only for {@value
 * #COPY_BETWEEN_FROM} rows or more.
 */
final class BatchInsert {
  static final int COPY_BETWEEN_FROM = 50_000;
  private static final int CHUNK = 10_000;
  private static final int COPY_CHUNK = 500;
  private static final AtomicLong TEMPORARY = new AtomicLong();

  private final Runner runner;

  BatchInsert(Runner runner) {
    this.runner = runner;
  }

  /** The plan for a batch, made when the table's columns are known. */
  private record Plan(
      String table,
      TableInfo info,
      List<String> columns,
      List<JsonNode> records,
      List<@Nullable String[]> rows,
      List<String> keys,
      String strategy) {
    String insertFrom(List<String> values, String source) {
      return CrudSql.insertFrom(table, columns, values, source, keys, strategy);
    }
  }

  /** The records of a batch, and the strategy for records that already exist. */
  record Batch(
      String table,
      JsonNode records,
      @Nullable String conflictStrategy,
      List<String> conflictColumns) {}

  JsonNode insert(Call call, Batch batch) {
    String table = batch.table();
    JsonNode records = batch.records();
    String strategy = Objects.requireNonNullElse(batch.conflictStrategy(), "");
    List<String> columns = columns(records);
    return runner.transaction(
        call,
        null,
        session -> {
          TableInfo info = TableInfo.of(session, table);
          columns.forEach(info::requireWritable);
          List<String> keys = keys(batch.conflictColumns(), info, strategy);
          List<JsonNode> checked = checked(records, columns);
          List<@Nullable String[]> rows = rows(checked, columns, info);
          int sent = rows.size();
          if (strategy.equals("update")) {
            rows = lastOfEachKey(rows, columns, keys);
          }
          var plan = new Plan(table, info, columns, checked, rows, keys, strategy);
          boolean many =
              strategy.isEmpty() ? rows.size() > CHUNK : rows.size() >= COPY_BETWEEN_FROM;
          long changed = many && info.copy() ? copy(session, plan) : arrays(session, plan);
          return Json.object()
              .put("rowCount", changed)
              .put("ignored", rows.size() - changed)
              .put("duplicates", sent - rows.size());
        });
  }

  private static List<String> columns(JsonNode records) {
    List<String> columns =
        records.get(0).properties().stream().map(one -> Names.check(one.getKey())).toList();
    if (columns.isEmpty()) {
      throw Failures.badRequest("records[0] has no columns.");
    }
    return columns;
  }

  private static List<String> keys(List<String> given, TableInfo info, String strategy) {
    var keys = new ArrayList<String>(given);
    keys.forEach(Names::check);
    if (strategy.isEmpty() && !keys.isEmpty()) {
      throw Failures.badRequest("conflictColumns needs a conflictStrategy.");
    }
    if (!strategy.isEmpty() && keys.isEmpty()) {
      keys.addAll(info.key());
    }
    if (strategy.equals("update") && keys.isEmpty()) {
      throw Failures.badRequest("the table has no primary key; specify conflictColumns.");
    }
    return keys;
  }

  /**
   * Returns a list that creates its elements on access, so that this JVM and the server can work in
   * parallel.
   */
  private static <T> List<T> lazily(int size, IntFunction<T> make) {
    return new AbstractList<>() {
      @Override
      public int size() {
        return size;
      }

      @Override
      public T get(int index) {
        return make.apply(index);
      }
    };
  }

  private static List<JsonNode> checked(JsonNode records, List<String> columns) {
    return lazily(
        records.size(),
        index -> {
          JsonNode record = records.get(index);
          if (record.size() != columns.size() || !columns.stream().allMatch(record::has)) {
            throw Failures.badRequest(
                "records["
                    + index
                    + "] has different columns than records[0]; give all records the same "
                    + "columns,"
                    + " with null for missing values.");
          }
          return record;
        });
  }

  private static List<@Nullable String[]> rows(
      List<JsonNode> records, List<String> columns, TableInfo info) {
    // An array type has the delimiter of its elements.
    List<String> delimiters =
        columns.stream().map(column -> info.isArray(column) ? info.delimiter(column) : "").toList();
    return lazily(
        records.size(),
        index -> {
          JsonNode record = records.get(index);
          @Nullable String[] row = new String[columns.size()];
          for (int i = 0; i < row.length; i++) {
            row[i] = Bindings.text(record.get(columns.get(i)), delimiters.get(i), BinaryRows.VALUE);
          }
          return row;
        });
  }

  private static List<@Nullable String[]> lastOfEachKey(
      List<@Nullable String[]> rows, List<String> columns, List<String> keys) {
    int[] places = keys.stream().mapToInt(columns::indexOf).toArray();
    if (IntStream.of(places).anyMatch(place -> place < 0)) {
      // The server generates the keys, so they are unique.
      return rows;
    }
    Map<Object, @Nullable String[]> last = new LinkedHashMap<>();
    for (@Nullable String[] row : rows) {
      var key = new ArrayList<@Nullable String>();
      for (int place : places) {
        key.add(row[place]);
      }
      // Nulls do not conflict, so a row with a null in its key conflicts with no other row.
      last.put(key.contains(null) ? row : key, row);
    }
    return List.copyOf(last.values());
  }

  private static long arrays(Session session, Plan plan) {
    int width = plan.columns().size();
    var values = new ArrayList<String>(width);
    var arrays = new ArrayList<String>(width);
    var names = new ArrayList<String>(width);
    var delimiters = new ArrayList<String>(width);
    for (int i = 0; i < width; i++) {
      String column = plan.columns().get(i);
      String type = plan.info().type(column);
      // Pass arrays and composite values as text, because PostgreSQL has no arrays of arrays, and
      // unnest splits a composite type into several columns.
      boolean text = plan.info().isArray(column) || plan.info().isComposite(column);
      arrays.add(
          "pg_catalog.unnest($" + (i + 1) + "::" + (text ? "pg_catalog.text" : type) + "[])");
      values.add(text ? "CAST(u.c" + i + " AS " + type + ")" : "u.c" + i);
      names.add("c" + i);
      delimiters.add(text ? "," : plan.info().delimiter(column));
    }
    String source =
        "ROWS FROM (" + String.join(", ", arrays) + ") AS u(" + String.join(", ", names) + ")";
    String sql = plan.insertFrom(values, source);
    // Convert all values before sending the first one, because any of them may be invalid.
    List<@Nullable String[]> rows = List.copyOf(plan.rows());
    long changed = 0;
    for (int from = 0; from < rows.size(); from += CHUNK) {
      List<@Nullable String[]> part = rows.subList(from, Math.min(rows.size(), from + CHUNK));
      var params = new ArrayList<JsonNode>(width);
      for (int column = 0; column < width; column++) {
        params.add(Json.of(literal(part, column, delimiters.get(column))));
      }
      changed += session.change(new SqlStatement(sql, params));
    }
    return changed;
  }

  private static String literal(List<@Nullable String[]> rows, int column, String delimiter) {
    var literal = new StringBuilder(rows.size() * 12).append('{');
    for (@Nullable String[] row : rows) {
      if (literal.length() > 1) {
        literal.append(delimiter);
      }
      literal.append(Bindings.quoted(row[column]));
    }
    return literal.append('}').toString();
  }

  private static long copy(Session session, Plan plan) {
    String columns = Names.quoteAll(plan.columns());
    String table = Names.quoteTable(plan.table());
    if (plan.strategy().isEmpty()) {
      String copy = "COPY " + table + " (" + columns + ") FROM STDIN";
      int all = plan.rows().size();
      int sent = 0;
      long inserted = 0;
      BinaryRows binary = BinaryRows.of(plan.records(), plan.columns(), plan.info());
      if (binary != null) {
        inserted = session.copy(copy + " (FORMAT binary)", binary);
        sent = binary.sent();
      }
      if (sent < all) {
        inserted += session.copy(copy, lines(plan.rows().subList(sent, all)));
      }
      return inserted;
    }
    String temporary = "pg_hello_batch_" + TEMPORARY.incrementAndGet();
    session.changeAll(
        List.of(
            "CREATE TEMPORARY TABLE "
                + temporary
                + " ON COMMIT DROP AS SELECT "
                + columns
                + " FROM "
                + table
                + " WITH NO DATA"));
    session.copy("COPY pg_temp." + temporary + " (" + columns + ") FROM STDIN", lines(plan.rows()));
    List<String> values = plan.columns().stream().map(Names::quote).toList();
    return session.change(
        new SqlStatement(plan.insertFrom(values, "pg_temp." + temporary), List.of()));
  }

  private static Iterable<byte[]> lines(List<@Nullable String[]> rows) {
    return () ->
        IntStream.iterate(0, from -> from < rows.size(), from -> from + COPY_CHUNK)
            .mapToObj(from -> rows.subList(from, Math.min(rows.size(), from + COPY_CHUNK)))
            .map(BatchInsert::chunk)
            .iterator();
  }

  private static byte[] chunk(List<@Nullable String[]> rows) {
    var text = new StringBuilder(rows.size() * 64);
    for (@Nullable String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        text.append(i == 0 ? "" : "\t").append(escaped(row[i]));
      }
      text.append('\n');
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String escaped(@Nullable String value) {
    return value == null
        ? "\\N"
        : value
            .replace("\\", "\\\\")
            .replace("\n", "\\n")
            .replace("\r", "\\r")
            .replace("\t", "\\t");
  }
}
