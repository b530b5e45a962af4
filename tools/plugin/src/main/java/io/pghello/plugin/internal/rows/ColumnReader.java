// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.pghello.plugin.internal.Json;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Optional;
import org.postgresql.core.Field;
import org.postgresql.core.Oid;
import org.postgresql.jdbc.PgResultSet;
import org.postgresql.jdbc.PgResultSetMetaData;

/**
 * Converts rows to JSON. The columns are in text format or, for timestamps, in binary format. The
 * result is the same JSON that {@link RowReader} would read from the server's to_json, with times
 * in UTC. Supports all built-in types except composite and container types. Not thread-safe.
 */
public final class ColumnReader {
  /** The type of conversion that a value needs. */
  private enum Kind {
    TEXT,
    INTEGER,
    NUMBER,
    BOOLEAN,
    JSON,
    TIMESTAMP,
    TIMESTAMP_WITH_ZONE,
    OTHER
  }

  private final PgResultSet result;
  private final Kind[] kinds;
  private final boolean[] binary;
  private final String[] names;
  private final RowReader reader;
  private boolean begun;

  private ColumnReader(PgResultSet result, RowReader reader) throws SQLException {
    var columns = (PgResultSetMetaData) result.getMetaData();
    this.result = result;
    this.kinds = new Kind[columns.getColumnCount()];
    this.binary = new boolean[kinds.length];
    this.names = new String[kinds.length];
    this.reader = reader;
    for (int i = 0; i < kinds.length; i++) {
      kinds[i] = kind(result.getColumnOID(i + 1));
      binary[i] = columns.getFormat(i + 1) == Field.BINARY_FORMAT;
      names[i] = columns.getColumnLabel(i + 1);
    }
  }

  /**
   * Returns a reader for a result; empty if a column has an unsupported type.
   *
   * @param reader the reader that limits the memory use
   */
  public static Optional<ColumnReader> of(ResultSet rows, RowReader reader) throws SQLException {
    ColumnReader columns = new ColumnReader(rows.unwrap(PgResultSet.class), reader);
    boolean all = Arrays.stream(columns.kinds).noneMatch(kind -> kind == Kind.OTHER);
    // The driver ignores rows without columns.
    return all && columns.count() > 0 ? Optional.of(columns) : Optional.empty();
  }

  /**
   * Returns a reader for a result. Values of unsupported types become text.
   *
   * @param reader the reader that limits the memory use
   * @param utc whether times are in UTC; otherwise, times with a zone become text
   */
  public static ColumnReader ofAny(ResultSet rows, RowReader reader, boolean utc)
      throws SQLException {
    ColumnReader columns = new ColumnReader(rows.unwrap(PgResultSet.class), reader);
    Arrays.setAll(
        columns.kinds,
        i ->
            columns.kinds[i] == Kind.OTHER || (columns.kinds[i] == Kind.TIMESTAMP_WITH_ZONE && !utc)
                ? Kind.TEXT
                : columns.kinds[i]);
    return columns;
  }

  /** Returns the number of columns. */
  public int count() {
    return kinds.length;
  }

  private static Kind kind(int oid) {
    return switch (oid) {
      case Oid.TEXT,
          Oid.VARCHAR,
          Oid.BPCHAR,
          Oid.NAME,
          Oid.CHAR,
          Oid.UUID,
          Oid.BYTEA,
          Oid.DATE,
          Oid.TIME,
          Oid.TIMETZ,
          Oid.INTERVAL,
          Oid.OID,
          Oid.XML,
          Oid.MONEY,
          Oid.BIT,
          Oid.VARBIT ->
          Kind.TEXT;
      case Oid.INT2, Oid.INT4, Oid.INT8 -> Kind.INTEGER;
      case Oid.FLOAT4, Oid.FLOAT8, Oid.NUMERIC -> Kind.NUMBER;
      case Oid.BOOL -> Kind.BOOLEAN;
      case Oid.JSON, Oid.JSONB -> Kind.JSON;
      case Oid.TIMESTAMP -> Kind.TIMESTAMP;
      case Oid.TIMESTAMPTZ -> Kind.TIMESTAMP_WITH_ZONE;
      default -> Kind.OTHER;
    };
  }

  /**
   * Returns the current row of the result.
   *
   * @throws io.pghello.plugin.PostgresException if two columns have the same name, or the result is
   *     too large
   */
  public ObjectNode row() throws SQLException {
    if (!begun) {
      Json.requireDistinct(names);
      begun = true;
    }
    reader.addRow(kinds.length);
    JsonNode[] values = new JsonNode[kinds.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(i);
    }
    return Json.row(names, values, 0, values.length);
  }

  private JsonNode value(int column) throws SQLException {
    Kind kind = kinds[column];
    if (kind == Kind.INTEGER) {
      long integer = result.getLong(column + 1);
      return integer == 0 && result.wasNull() ? NullNode.instance : RowReader.integer(integer);
    } else if (kind == Kind.TEXT) {
      String text = result.getString(column + 1);
      return text == null ? NullNode.instance : text(text);
    }
    byte[] value = result.getBytes(column + 1);
    if (value == null) {
      return NullNode.instance;
    } else if (kind == Kind.JSON) {
      return reader.value(value);
    }
    reader.addBytes(value.length);
    return switch (kind) {
      case BOOLEAN -> BooleanNode.valueOf(value[0] == 't');
      case NUMBER -> number(value);
      default -> {
        boolean zone = kind == Kind.TIMESTAMP_WITH_ZONE;
        yield TextNode.valueOf(
            binary[column] ? BinaryTime.text(value, zone) : timestamp(value, zone));
      }
    };
  }

  private TextNode text(String text) {
    reader.addBytes(text.length());
    return TextNode.valueOf(text);
  }

  private static JsonNode number(byte[] text) {
    // JSON does not support NaN or infinities.
    return text[text.length - 1] > '9'
        ? TextNode.valueOf(new String(text, StandardCharsets.ISO_8859_1))
        : RowReader.number(text, 0, text.length);
  }

  /**
   * Returns a time in the format of XML Schema: with a T between date and time, and with the
   * minutes of the UTC offset.
   */
  private static String timestamp(byte[] text, boolean zone) {
    String time = new String(text, StandardCharsets.ISO_8859_1).replaceFirst(" ", "T");
    return zone ? time.replace("+00", "+00:00") : time;
  }
}
