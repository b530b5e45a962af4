// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.operations;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.SqlStatement;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Texts;
import io.pghello.plugin.internal.run.Call;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Session;
import io.pghello.plugin.internal.sql.DdlSql;
import io.pghello.plugin.internal.sql.DdlSql.Alter;
import io.pghello.plugin.internal.sql.DdlSql.Column;
import io.pghello.plugin.internal.sql.DdlSql.Create;
import io.pghello.plugin.internal.sql.DdlSql.Drop;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Operations on tables. */
final class Tables {
  private static final SqlStatement LIST =
      new SqlStatement(Texts.resource(Tables.class, "tables.sql"), List.of());
  // Finds the schema by looking for a C function, because only superusers can create C functions.
  private static final SqlStatement HELLO =
      new SqlStatement(Texts.resource(Tables.class, "hello-schema.sql"), List.of());
  private static final int TABLES_MAX = 100_000;

  private final Runner runner;

  Tables(Runner runner) {
    this.runner = runner;
  }

  /** Parameters of {@code describeTable}. */
  record Describe(String table) {}

  JsonNode create(Call call, Create create) {
    List<Column> columns = create.schema().columns();
    requireReferences(call, columns);
    return changed(call, columns, hello -> DdlSql.createTable(create, hello));
  }

  JsonNode alter(Call call, Alter alter) {
    requireReferences(call, alter.alterations());
    return changed(call, alter.alterations(), hello -> DdlSql.alterTable(alter, hello));
  }

  JsonNode drop(Call call, Drop drop) {
    return changed(call, List.of(), hello -> List.of(DdlSql.dropTable(drop)));
  }

  JsonNode list(Call call, TransactionOperations.Nothing nothing) {
    Set<String> allowed = call.permissions().tables();
    Stream<JsonNode> names =
        runner.read(call, session -> session.queryCatalog(LIST, TABLES_MAX)).rows().stream()
            .map(row -> row.get("name"))
            .filter(name -> allowed == null || allowed.contains(name.textValue()));
    return Json.array().addAll(names.toList());
  }

  JsonNode describe(Call call, Describe describe) {
    return runner.read(
        call, session -> TableInfo.query(session, TableInfo.DESCRIPTION, describe.table()));
  }

  /** Throws if a table is not allowed. */
  static void requireTable(@Nullable Set<String> allowed, @Nullable String table) {
    if (allowed != null && table != null && !allowed.contains(table)) {
      throw Failures.withRemedy(
          Code.NOT_ALLOWED,
          "This table is not allowed on the connection.",
          "Call listTables to list the allowed tables, or ask the author of the configuration.");
    }
  }

  private static void requireReferences(Call call, List<Column> columns) {
    for (Column column : columns) {
      if (column.references() != null) {
        requireTable(call.permissions().tables(), column.references().table());
      }
    }
  }

  private JsonNode changed(
      Call call, List<Column> columns, Function<String, List<String>> statements) {
    // Reject invalid parameters before the server is contacted.
    var unused = statements.apply("public");
    boolean asks = columns.stream().anyMatch(Column::defaultsToHello);
    return runner.transaction(
        call,
        null,
        session -> {
          session.changeAll(statements.apply(asks ? helloSchema(session) : "public"));
          return Json.object().put("done", true);
        });
  }

  /**
   * Returns the schema of pg_hello. A function of the same name in another schema is not trusted.
   */
  private static String helloSchema(Session session) {
    var rows = session.queryCatalog(HELLO, 1).rows();
    if (rows.isEmpty()) {
      throw Failures.withRemedy(
          Code.BAD_SQL,
          "The function now_ms of pg_hello does not exist in this database.",
          "Run CREATE EXTENSION pg_hello as a superuser, or use {\"fn\": \"now\"}.");
    }
    return rows.get(0).get("name").textValue();
  }
}
