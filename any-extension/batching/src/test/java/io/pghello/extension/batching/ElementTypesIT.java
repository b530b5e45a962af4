// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import java.io.IOException;
import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.jdbc.PgArray;
import org.postgresql.util.PGobject;

/** Passes and reads an array of each type in the table of docs/extension-batching.md. */
@ExtensionTest(extensions = {"citext", "ltree"})
class ElementTypesIT {
  private static final String HEADER = "| SQL type | name | element in `bind` |";

  private static final Map<String, Object> ELEMENTS =
      Map.ofEntries(
          Map.entry("String", "{\"a\": 1}"),
          Map.entry("Short", (short) 1),
          Map.entry("Integer", 1),
          Map.entry("Long", 1L),
          Map.entry("Float", 1f),
          Map.entry("Double", 1d),
          Map.entry("BigDecimal", BigDecimal.ONE),
          Map.entry("Boolean", true),
          Map.entry("byte[]", new byte[] {1}),
          Map.entry("UUID", new UUID(1, 2)),
          Map.entry("LocalDate", LocalDate.of(2026, 1, 2)),
          Map.entry("OffsetDateTime", Instant.EPOCH.atOffset(ZoneOffset.UTC)));

  /**
   * Returns the rows: SQL type, name for createArrayOf, class of the element, class of the array.
   */
  static Stream<List<String>> rows() throws IOException {
    List<String> lines = Files.readAllLines(Path.of("../../docs/extension-batching.md"));
    int header =
        lines.indexOf(lines.stream().filter(line -> line.startsWith(HEADER)).findFirst().get());
    return lines.subList(header + 2, lines.size()).stream()
        .takeWhile(line -> line.startsWith("|"))
        .map(
            line ->
                Stream.of(line.substring(1).split("\\|", -1))
                    .map(cell -> cell.replace("`", "").replace("\"", "").strip())
                    .toList());
  }

  @ParameterizedTest
  @MethodSource("rows")
  void passesAndReads(List<String> row, Connection connection) throws SQLException {
    String type = row.get(0);
    Object element =
        Objects.requireNonNull(type.equals("ltree") ? "Top.Science" : ELEMENTS.get(row.get(2)));
    try (PreparedStatement call = connection.prepareStatement("SELECT ?::" + type + "[]")) {
      Object[] passed = (Object[]) Array.newInstance(element.getClass(), 2);
      passed[0] = element;
      call.setArray(1, connection.createArrayOf(row.get(1), passed));
      try (ResultSet answer = call.executeQuery()) {
        answer.next();
        Object[] elements = (Object[]) answer.getArray(1).getArray();
        assertThat(elements.getClass().getSimpleName()).isEqualTo(row.get(3));
        assertThat(elements).hasSize(2);
        assertThat(elements[1]).isNull();
        if (row.get(3).equals("Object[]")) {
          assertThat(elements[0])
              .isInstanceOfSatisfying(
                  PGobject.class, each -> assertThat(each.getValue()).isEqualTo(element));
        }
      }
    }
  }

  /** The page recommends arrays of the element's class for this reason. */
  @Test
  void driverSendsNumbersInBinaryOnlyInAnArrayOfTheirClass(Connection connection)
      throws SQLException {
    assertThat(connection.createArrayOf("int4", new Integer[] {1}))
        .isInstanceOfSatisfying(PgArray.class, array -> assertThat(array.isBinary()).isTrue());
    assertThat(connection.createArrayOf("int4", new Object[] {1}))
        .isInstanceOfSatisfying(PgArray.class, array -> assertThat(array.isBinary()).isFalse());
  }
}
