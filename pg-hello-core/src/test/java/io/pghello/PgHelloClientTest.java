// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.sql.Connection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests arguments that the client rejects before it sends them. Needs no server. */
class PgHelloClientTest {
  private final PgHelloClient client =
      PgHelloClient.create(
          new PGSimpleDataSource() {
            @Override
            public Connection getConnection() {
              throw new AssertionError("must not be asked");
            }
          });

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\0",
        "secret\0",
        "secret\ud800",
        "\udc00secret",
        "\ud800\ud800\udc00",
        "\udc00\ud800"
      })
  void rejectsNamesThatAreNotValidText(String name) {
    assertThatThrownBy(() -> client.hello(name))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.INVALID_ARGUMENT))
        .hasMessageContaining("index")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> client.hello(name, 2)).isInstanceOf(FunctionCallException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 11, -1, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void refusesACountOutsideOneToTen(int repeat) {
    assertThatThrownBy(() -> client.hello("secret", repeat))
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.INVALID_ARGUMENT))
        .hasMessageContaining(Integer.toString(repeat))
        .hasMessageContaining("between 1 and 10")
        .hasMessageNotContaining("secret");
  }

  @Test
  @SuppressWarnings("NullAway")
  void refusesNull() {
    assertThatThrownBy(() -> client.hello(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("name");
    assertThatThrownBy(() -> client.hello(null, 1))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("name");
    assertThatThrownBy(() -> PgHelloClient.create(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("dataSource");
  }
}
