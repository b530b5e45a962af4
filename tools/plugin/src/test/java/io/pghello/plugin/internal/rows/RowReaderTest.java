// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowReaderTest {
  private static final List<String> SCALARS =
      List.of(
          "0",
          "-0",
          "-1",
          "12",
          "2147483647",
          "-2147483648",
          "2147483648",
          "999999999999999999",
          "9223372036854775807",
          "-9223372036854775808",
          "9223372036854775808",
          "123456789012345678901234567890",
          "1.50",
          "-0.00",
          "1e3",
          "1E-300",
          "-2.5e+20",
          "0.1234567890123456789",
          "true",
          "false",
          "null");

  // texts and names
  private static final List<String> PIECES =
      List.of(
          "a",
          "b",
          "Aa",
          "BB",
          "key",
          ":",
          ",",
          "{",
          "]",
          " ",
          "é",
          "€",
          "😀",
          "x".repeat(300),
          "\\\"",
          "\\\\",
          "\\/",
          "\\b",
          "\\f",
          "\\n",
          "\\r",
          "\\t",
          "\\u0000",
          "\\u00e9",
          "\\uD83D\\ude00");

  @Test
  void keepsAllValues() {
    String row =
        "{\"a\":1,\"b\":12345678901,\"c\":123456789012345678901234567890,\"d\":1.250,\"e\":\"x\\n"
            + "\",\"f\":null,\"g\":true,\"h\":false,\"i\":[],\"j\":{\"k\":[1.10,{}]},\"l\":-0}";
    assertThat(new RowReader(64 << 20).row(utf8(row))).hasToString(row.replace("-0", "0"));
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(strings = {"{},", "[],", "[0],", "{\"a\":{}},"})
  void limitsMemoryOfSmallValues(String element) {
    String row = "{\"a\":[" + element.repeat(6_000_000) + "0]}";
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> new RowReader(64 << 20).row(utf8(row)))
        .extracting(PostgresException::code)
        .isEqualTo(Code.LIMIT_REACHED);
  }

  @Tag("slow")
  @Test
  void limitsMemoryOfManyRows() {
    String row = "{\"a\":[" + "[],".repeat(1_000_000) + "0]}";
    var reader = new RowReader(64 << 20);
    reader.row(utf8(row));
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(
            () -> {
              for (int i = 0; i < 10; i++) {
                reader.row(utf8(row));
              }
            })
        .withMessage("The result of the call takes more than 536870912 bytes of memory.");
  }

  @Tag("slow")
  @Test
  void countsTheLengthOfTexts() {
    String row = "{\"a\":\"" + "x".repeat(60_000_000) + "\"}";
    var reader = new RowReader(64 << 20);
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(
            () -> {
              for (int i = 0; i < 9; i++) {
                reader.row(utf8(row));
              }
            })
        .extracting(PostgresException::code)
        .isEqualTo(Code.LIMIT_REACHED);
  }

  @Test
  void readsRowsInSequence() {
    var reader = new RowReader(64 << 20);
    String large = "{\"a\": [" + "\"é€😀\", ".repeat(10_000) + "0]}";
    for (String value :
        List.of(
            "1",
            "2",
            "-3.50",
            "true",
            "null",
            "\"\"",
            "[]",
            "{}",
            " [1, {\"b\": null}]\n",
            large,
            "12345678901234567890",
            "\"" + "x".repeat(20_000) + "\"",
            "false",
            "7")) {
      assertThat(reader.value(utf8(value)))
          .hasToString(new RowReader(64 << 20).value(utf8(value)).toString());
    }
    assertThat(reader.value(utf8(large)).get("a")).hasSize(10_001);
  }

  @Test
  void continuesAfterRejectedRow() {
    var reader = new RowReader(64 << 20);
    reader.value(utf8("1"));
    reader.value(utf8("2"));
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> reader.row(utf8("{\"a\": 1, \"a\": 2, \"b\": 3}")))
        .withMessage("Two columns of the result have the same name.");
    assertThat(reader.value(utf8("{\"a\": 4}"))).hasToString("{\"a\":4}");
  }

  @Test
  void readsSameValuesAsJackson() throws IOException {
    JsonMapper jackson =
        JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();
    var random = new Random(18);
    var reader = new RowReader(64 << 20);
    for (int i = 0; i < 5_000; i++) {
      var text = new StringBuilder();
      append(text, random, 5);
      byte[] json = utf8(text.toString());
      assertThat(reader.value(json)).as("%s", text).isEqualTo(jackson.readTree(json));
    }
  }

  private static void append(StringBuilder text, Random random, int depth) {
    String space = " \n\t\r".substring(random.nextInt(5)).repeat(random.nextInt(2));
    text.append(space);
    switch (random.nextInt(depth == 0 ? 2 : 4)) {
      case 0 -> text.append(SCALARS.get(random.nextInt(SCALARS.size())));
      case 1 -> appendString(text, random);
      case 2 -> {
        text.append('[');
        for (int i = random.nextInt(4); i > 0; i--) {
          append(text, random, depth - 1);
          text.append(i == 1 ? "" : ",");
        }
        text.append(']');
      }
      default -> {
        text.append('{');
        for (int i = random.nextInt(depth == 5 ? 30 : 4); i > 0; i--) {
          text.append(space);
          appendString(text, random);
          text.append(space).append(':');
          append(text, random, depth - 1);
          text.append(i == 1 ? "" : ",");
        }
        text.append('}');
      }
    }
    text.append(space);
  }

  private static void appendString(StringBuilder text, Random random) {
    text.append('"');
    for (int i = random.nextInt(5); i > 0; i--) {
      text.append(PIECES.get(random.nextInt(PIECES.size())));
    }
    text.append('"');
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":"})
  void limitsDepth(String open) {
    String close = open.equals("[") ? "]" : "}";
    String deep = open.repeat(6_000) + "1" + close.repeat(6_000);
    JsonNode value = new RowReader(64 << 20).value(utf8(deep));
    for (int i = 0; i < 6_000; i++) {
      value = value.iterator().next();
    }
    assertThat(value.intValue()).isEqualTo(1);
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> new RowReader(64 << 20).value(utf8(open + deep + close)))
        .withMessageStartingWith("A value of the result cannot be read as JSON. Cast it");
  }

  @Test
  void rejectsUnreadableValues() {
    byte[] latin = "[\"\u00e9\"]".getBytes(StandardCharsets.ISO_8859_1);
    for (byte[] value : List.of(latin, utf8("1e9999999999"), utf8("1".repeat(150_001)))) {
      assertThatExceptionOfType(PostgresException.class)
          .isThrownBy(() -> new RowReader(64 << 20).value(value))
          .extracting(PostgresException::code)
          .isEqualTo(Code.LIMIT_REACHED);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
