// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowReaderTest {
  @Test
  void keepsWhatIsThere() {
    String row =
        "{\"a\":1,\"b\":12345678901,\"c\":123456789012345678901234567890,\"d\":1.250,\"e\":\"x\\n\","
            + "\"f\":null,\"g\":true,\"h\":false,\"i\":[],\"j\":{\"k\":[1.10,{}]},\"l\":-0}";
    assertThat(new RowReader().row(utf8(row))).hasToString(row.replace("-0", "0"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{},", "[],", "[0],", "{\"a\":{}},"})
  void refusesWhatTakesFarMoreThanItsText(String element) {
    String row = "{\"a\":[" + element.repeat(6_000_000) + "0]}";
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> new RowReader().row(utf8(row)))
        .extracting(PostgresException::code)
        .isEqualTo(Code.LIMIT_REACHED);
  }

  @Test
  void refusesManyRowsTogether() {
    String row = "{\"a\":[" + "[],".repeat(1_000_000) + "0]}";
    var reader = new RowReader();
    reader.row(utf8(row));
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(
            () -> {
              for (int i = 0; i < 10; i++) {
                reader.row(utf8(row));
              }
            })
        .withMessage("The result of the call takes more than 512 MB of memory.");
  }

  @Test
  void countsTheLengthOfTexts() {
    String row = "{\"a\":\"" + "x".repeat(60_000_000) + "\"}";
    var reader = new RowReader();
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
  void readsOneAfterTheOther() {
    var reader = new RowReader();
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
          .hasToString(new RowReader().value(utf8(value)).toString());
    }
    assertThat(reader.value(utf8(large)).get("a")).hasSize(10_001);
  }

  @Test
  void readsOnAfterWhatItRefuses() {
    var reader = new RowReader();
    reader.value(utf8("1"));
    reader.value(utf8("2"));
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> reader.row(utf8("{\"a\": 1, \"a\": 2, \"b\": 3}")))
        .withMessage("Two columns of the result have the same name.");
    assertThat(reader.value(utf8("{\"a\": 4}"))).hasToString("{\"a\":4}");
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
