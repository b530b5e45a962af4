// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonTest {
  @Test
  void writesAllTypes() {
    var map = new LinkedHashMap<String, @Nullable Object>();
    map.put("text", "a");
    map.put("number", 1.5);
    map.put("truth", true);
    map.put("nothing", null);
    map.put("list", Arrays.asList(1, null));
    map.put("empty", List.of());
    map.put("map", Map.of());
    assertThat(Json.write(map))
        .isEqualTo(
            """
            {
              "text": "a",
              "number": 1.5,
              "truth": true,
              "nothing": null,
              "list": [
                1,
                null
              ],
              "empty": [],
              "map": {}
            }""");
  }

  @Test
  void escapesSpecialCharacters() {
    assertThat(Json.write("a\"b\\c\nd\u0001e\u2028f\ud83d\udc4bg\ud800"))
        .isEqualTo("\"a\\\"b\\\\c\\nd\\u0001e\\u2028f\ud83d\udc4bg\\ud800\"");
  }

  private record Row(int meanUs, Status status, Path pgHello) {}

  @Test
  void namesRecordComponents() {
    var rows = List.of(new Row(7, Status.OK, Path.of("a/b")));
    assertThat(Json.line(rows))
        .isEqualTo("[{\"mean_us\": 7,\"status\": \"ok\",\"pg_hello\": \"a/b\"}]");
    Table table = Table.of(Row.class, rows);
    assertThat(Json.line(table)).isEqualTo(Json.line(rows));
    assertThat(table.with("more", List.of("x")))
        .hasToString("mean_us  status  pg_hello  more\n      7  ok      a/b       x");
  }
}
