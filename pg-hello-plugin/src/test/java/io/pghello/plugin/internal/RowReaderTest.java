// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import java.nio.charset.StandardCharsets;
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

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
